#pragma once

#include <nullworker/certificates/x509.hpp>

#include <string>

namespace nullworker::certificates {

// A request to have `key` certified, PEM, as Vast's own worker sends it: the console knows the worker's
// address and puts it into the certificate. Source: protocol.md, section 6.
[[nodiscard]] std::string make_signing_request(const private_key& key);

}  // namespace nullworker::certificates
