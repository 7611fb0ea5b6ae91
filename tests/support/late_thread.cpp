// A thread that has used OpenSSL, and ends while the program exits: what it had there is neither lost, which
// the leak sanitizer would tell, nor taken away under it.
#include <nullworker/net/tls.hpp>

#include <openssl/bio.h>
#include <openssl/rand.h>

#include <cstdlib>
#include <future>
#include <thread>

namespace {

std::promise<void> exit_begun;
std::thread late;

// Registered before OpenSSL is used: what OpenSSL would do at the exit is done before this.
void let_the_thread_end() {
    exit_begun.set_value();
    late.join();
}

}  // namespace

int main() {
    std::atexit(let_the_thread_end);
    (void)nullworker::net::ca_bundle_file();  // the room that tells OpenSSL is linked in
    std::promise<void> openssl_used;
    late = std::thread([&openssl_used, begun = exit_begun.get_future()] {
        unsigned char random = 0;
        const bool drawn = RAND_bytes(&random, 1) == 1;
        const bool opened = BIO_new_file("/no such file", "r") != nullptr;  // leaves an error with the thread
        if (!drawn || opened)
            std::abort();
        openssl_used.set_value();
        begun.wait();
    });
    openssl_used.get_future().wait();
}
