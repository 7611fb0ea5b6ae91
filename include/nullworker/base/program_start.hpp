#pragma once

// What every program of ours does first and last, whoever started it.
namespace nullworker {

// To be called first in main(), before anything is opened. Whoever started the program may have left things
// behind that it cannot work with:
//
// - Descriptors 0 to 2 that are closed are opened: the next file that is opened would take their place, and
//   what is printed would go there. Input is empty then, and output a failure.
// - No signal stays blocked, and SIGCHLD has its usual effect: without it nobody hears how a child ended.
// - Where a filter refuses the system call clone3 in a way that the C library takes for the last word, the
//   library is made to do without it.
void prepare_program() noexcept;

// Something that was printed to standard output, or in its place, got lost.
void note_lost_output() noexcept;

// To be called last in main(): flushes standard output. `code`, or 1 in place of 0, with a line on standard
// error, where something that was printed got lost.
[[nodiscard]] int code_after_output(int code, const char* program);

}  // namespace nullworker
