// A stand-in for SQS on this machine alone:  server.mjs PORT
import { buildApp } from 'fauxqs'

await buildApp({ logger: false }).listen({ host: '127.0.0.1', port: Number(process.argv[2]) })
