#pragma once

#include <nullworker/auth/public_key.hpp>
#include <nullworker/auth/verified_signatures.hpp>
#include <nullworker/base/url.hpp>
#include <nullworker/wire/route_grant.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace nullworker::auth {

// Who may reserve this worker.
enum class create_policy {
    signed_only,  // a valid signature that names this worker
    open,         // anybody, as in the framework: for autoscalers that sign differently
};

enum class grant_verdict {
    verified,       // signed by the autoscaler, for this worker
    unchecked,      // accepted without proof, as configured
    tolerated,      // the same, although its signature does not verify
    no_key,         // the public key is not there yet
    bad_signature,  // refused
    wrong_worker,   // properly signed, but for another worker; refused
};

[[nodiscard]] constexpr bool admits(grant_verdict verdict) {
    return verdict == grant_verdict::verified || verdict == grant_verdict::unchecked ||
           verdict == grant_verdict::tolerated;
}

// Decides whether a grant opens this worker.
class gatekeeper {
public:
    // `own` is the worker's public URL. Unsecured, no signature is checked at all.
    gatekeeper(url own, create_policy policy, bool unsecured)
        : x_own(std::move(own)), x_own_text(x_own.origin()), x_policy(policy), x_unsecured(unsecured) {}

    // What signatures are verified with from now on; whether it is another one than before.
    bool set_key(public_key key);

    // How many different keys there were one after the other.
    [[nodiscard]] std::uint64_t keys() const noexcept { return x_keys; }

    [[nodiscard]] grant_verdict check_create(const wire::route_grant& grant);
    [[nodiscard]] grant_verdict check_ping(const wire::route_grant& grant);

    // Grants so far, admitted or not, whose signature did not verify: a forger's, or those of an autoscaler
    // that has changed its key.
    [[nodiscard]] std::uint64_t bad_signatures() const noexcept { return x_bad_signatures; }

private:
    [[nodiscard]] bool names_this_worker(const std::string& grant_url) const;
    grant_verdict verify(const wire::route_grant& grant);
    grant_verdict counted(grant_verdict verdict);

    url x_own;
    std::string x_own_text;
    create_policy x_policy;
    bool x_unsecured;
    std::optional<public_key> x_key;
    verified_signatures x_verified;  // with that key, of grants for this worker
    std::uint64_t x_keys = 0;
    std::uint64_t x_bad_signatures = 0;
};

}  // namespace nullworker::auth
