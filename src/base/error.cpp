#include <nullworker/base/error.hpp>

namespace nullworker {
namespace {

constexpr const char* describe(errc value) noexcept {
    switch (value) {
        case errc::invalid_url:
            return "not an absolute URL with a scheme and a host";
        case errc::unsupported_scheme:
            return "unsupported URL scheme";
        case errc::no_server:
            return "a path, and no server is known to send it to";
        case errc::timed_out:
            return "timed out";
        case errc::no_answer:
            return "the connection was closed without an answer";
        case errc::response_too_large:
            return "the reply is too large";
        case errc::unexpected_status:
            return "unexpected HTTP status";
        case errc::invalid_json:
            return "invalid JSON";
        case errc::duplicate_key:
            return "JSON in which an object has a key twice";
        case errc::unexpected_message:
            return "unexpected message";
        case errc::invalid_public_key:
            return "not an RSA public key in PEM";
        case errc::no_trusted_roots:
            return "no CA certificates found; install ca-certificates or set SSL_CERT_FILE";
        case errc::file_too_large:
            return "the file is too large";
        case errc::file_in_use:
            return "another process uses the file";
        case errc::file_not_ours:
            return "a link, or somebody else's file";
        case errc::too_many_interim:
            return "one interim answer after the other, and no final one";
        case errc::too_many_lookups:
            return "too many names are being looked up";
        case errc::no_thread:
            return "the system starts no thread for it; does it allow clone3 and clone?";
        case errc::child_still_there:
            return "an earlier command was killed and has not ended";
        case errc::control_character:
            return "a header or the URL would have a control character in it";
    }
    return "unknown error";
}

class category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "nullworker"; }
    std::string message(int value) const override { return describe(static_cast<errc>(value)); }
};

}  // namespace

const boost::system::error_category& nullworker_category() noexcept {
    static const category instance;
    return instance;
}

error_code make_error_code(errc value) noexcept {
    return {static_cast<int>(value), nullworker_category()};
}

}  // namespace nullworker
