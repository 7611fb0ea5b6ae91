// Types of nullworker.mjs.

export class Lost extends Error {}

export class Session {
  private constructor()
  readonly id: string
  readonly generation: number
  /** The machine is wanted back: take no further job. */
  readonly retiring: boolean
  /** It is nobody's or another's now. */
  readonly over: boolean
  /** It was over while a job ran. */
  readonly lost: boolean
  /** Whether a further job may be taken in it. */
  readonly wanted: boolean
  /** Aborted when the session is lost and onLost is 'stop'. */
  readonly signal: AbortSignal
  /** Nobody takes the machine while `work` runs. Throws Lost if it is too late. */
  busy<Result>(work: (session: Session) => Result | Promise<Result>, job?: unknown): Promise<Result>
  /** Waits so long, or until the session is to end; whether it is still wanted. */
  wait(seconds: number): Promise<boolean>
  release(how?: { idle?: boolean }): Promise<void>
}

export interface JobOptions<Job> {
  /** Release after so many seconds without a job; by default the client decides that. */
  idle?: number | null
  /** Seconds between two empty take(), each of which may last as long. Default 1. */
  pause?: number
  /** Seconds that a protection lasts; it is renewed every quarter of that. Default 60. */
  term?: number
  /** Called with every renewal while the job runs. */
  also?: (job: Job) => unknown
  /** So many loops may share the object. Default 1. */
  parallel?: number
  onLost?: 'finish' | 'stop'
}

export interface Jobs<Job> extends AsyncIterable<Job> {
  /** The session that is held, or was held last. */
  readonly session: Session | null
}

export function jobs<Job>(
  take: () => Job | null | undefined | Promise<Job | null | undefined>,
  how?: JobOptions<Job>
): Jobs<Job>

export function sessions(how?: { term?: number }): AsyncGenerator<Session, void, void>

export function gate(
  resume: () => unknown,
  pause: () => unknown,
  busy: () => boolean | number | Promise<boolean | number>,
  how?: { giveBack?: () => unknown; idle?: number | null; term?: number; every?: number }
): Promise<void>

export function ready(): Promise<boolean>
export function stop(): void
export function stopping(): boolean
export function stopGently(...signals: NodeJS.Signals[]): void
