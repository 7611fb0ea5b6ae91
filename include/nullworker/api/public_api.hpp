#pragma once

#include <nullworker/api/create_result.hpp>
#include <nullworker/api/last_accepted.hpp>
#include <nullworker/auth/gatekeeper.hpp>
#include <nullworker/base/episode.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/base/url.hpp>
#include <nullworker/net/message.hpp>
#include <nullworker/reservation/desk.hpp>
#include <nullworker/reservation/readiness.hpp>
#include <nullworker/wire/session_messages.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace nullworker::api {

struct public_settings {
    wire::create_limits create;
    double max_perf = 100.0;        // what the slot can do
    bool partial_load = false;      // a session that costs less leaves a rest of it, as it is reported
    std::optional<url> consumer;    // whose server close callbacks with a path go to
    std::string master_token;       // empty: /pyworker/update authorises nobody
    std::string force_update_file;  // what /pyworker/update creates
    std::int64_t worker_id = 0;     // as the reports have it
};

// Whether a request met a signature that does not verify, and what became of the request. The autoscaler may
// have another key by now than the one that is known here.
enum class key_doubt : std::uint8_t {
    none,
    refused,   // it was refused for that, and changed nothing
    admitted,  // it was treated like any other, since the open policy takes everybody
};

struct public_answer {
    public_answer(net::reply answered, key_doubt about_key = key_doubt::none)
        : reply(std::move(answered)), doubt(about_key) {}

    net::reply reply;
    key_doubt doubt;
    std::string doubted = {};                   // the signature that is in doubt
    std::optional<create_result> created = {};  // of a create: what became of it
    bool wants_update = false;  // the reply is what `update_requested` says, once the file is made
};

// What the outside may ask of a worker: the public listener, and the webhook listener, which has but
// /session/end.
class public_api {
public:
    // All references outlive it.
    public_api(public_settings settings, reservation::desk& desk, const reservation::readiness& state,
               auth::gatekeeper& gate);

    [[nodiscard]] public_answer on_public(const net::request& request);
    [[nodiscard]] net::reply on_webhook(const net::request& request);

    // The file that asks for an update, which may be on a disk that hangs, and the reply to a request for
    // one: `failure` is what came of making the file.
    [[nodiscard]] const std::string& update_file() const noexcept { return x_settings.force_update_file; }
    [[nodiscard]] net::reply update_requested(const error_code& failure) const;

private:
    struct tables;

    using reference = last_accepted<wire::session_reference>::pointer;
    using ping_message = last_accepted<wire::ping_request>::pointer;

    public_answer create(const net::request& request);
    [[nodiscard]] wire::parsed<std::optional<url>> close_target(const wire::create_request& wanted) const;
    public_answer reserve(const wire::create_request& wanted, const std::optional<url>& close_target,
                          reservation::grant_trust trust);
    void note_cost(double cost);
    public_answer turn_away(const wire::route_grant& grant, reservation::desk::reserve_outcome why);
    public_answer refuse_grant(const net::request& request, auth::grant_verdict verdict,
                               const wire::route_grant& grant);
    [[nodiscard]] wire::parsed<reference> read_reference(const net::request& request) const;
    [[nodiscard]] wire::parsed<ping_message> read_ping(const net::request& request) const;
    void note_accepted(const net::request& request, const ping_message& ping);
    const std::string& describe(const reference& asked, const reservation::lease& session);
    [[nodiscard]] net::reply unknown(const wire::session_reference& wanted) const;
    public_answer end(const net::request& request);
    public_answer retire(const net::request& request);
    public_answer status(const net::request& request);
    public_answer get(const net::request& request);
    public_answer health(const net::request& request);
    public_answer ping(const net::request& request);
    public_answer update(const net::request& request);

    public_settings x_settings;
    reservation::desk& x_desk;
    const reservation::readiness& x_state;
    auth::gatekeeper& x_gate;

    last_accepted<wire::session_reference> x_references;
    last_accepted<wire::ping_request> x_session_pings;
    last_accepted<wire::ping_request> x_other_pings;

    // What /session/get said last. It stays true of the same question until the session is renewed.
    struct description {
        reference asked;
        std::uint64_t generation = 0;
        std::chrono::system_clock::time_point expires;
        std::string text;
    };
    description x_described;

    // What a stranger, or anybody with an old grant, can cause without end.
    episode x_forged;
    episode x_for_others;
    episode x_replayed;
    episode x_rejected;
    episode x_reissued;

    bool x_told_of_cost = false;
};

}  // namespace nullworker::api
