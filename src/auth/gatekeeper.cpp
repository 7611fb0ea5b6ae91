#include <nullworker/auth/gatekeeper.hpp>

#include <utility>

namespace nullworker::auth {

bool gatekeeper::set_key(public_key key) {
    const bool is_new = !x_key || !(*x_key == key);
    if (is_new) {
        ++x_keys;
        x_verified.clear();
    }
    x_key = std::move(key);
    return is_new;
}

// The autoscaler spells it as it was told, as a rule.
bool gatekeeper::names_this_worker(const std::string& grant_url) const {
    if (grant_url == x_own_text)
        return true;
    const auto named = parse_url(grant_url);
    return named && same_origin(*named, x_own);
}

// A grant for another worker is not remembered: whoever has many of those pushes nothing out with them.
grant_verdict gatekeeper::verify(const wire::route_grant& grant) {
    if (!x_key)
        return grant_verdict::no_key;
    const auto message = wire::signed_message(grant.url);
    const auto digest = x_key->digest(message, grant.signature);
    const bool is_known = x_verified.contains(digest);
    if (!is_known && !x_key->verifies(message, grant.signature))
        return grant_verdict::bad_signature;
    if (!names_this_worker(grant.url))
        return grant_verdict::wrong_worker;
    if (!is_known)
        x_verified.add(digest);
    return grant_verdict::verified;
}

grant_verdict gatekeeper::counted(grant_verdict verdict) {
    if (verdict == grant_verdict::bad_signature)
        ++x_bad_signatures;
    return verdict;
}

grant_verdict gatekeeper::check_create(const wire::route_grant& grant) {
    if (x_unsecured)
        return grant_verdict::unchecked;
    const auto verdict = counted(verify(grant));
    if (x_policy != create_policy::open || admits(verdict))
        return verdict;
    return verdict == grant_verdict::bad_signature ? grant_verdict::tolerated : grant_verdict::unchecked;
}

grant_verdict gatekeeper::check_ping(const wire::route_grant& grant) {
    if (x_unsecured)
        return grant_verdict::unchecked;
    const auto verdict = verify(grant);
    // With the open policy a ping is as good as in the framework, which compares no URL.
    return x_policy == create_policy::open && verdict == grant_verdict::wrong_worker
               ? grant_verdict::unchecked
               : counted(verdict);
}

}  // namespace nullworker::auth
