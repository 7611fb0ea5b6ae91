#pragma once

#include <nullworker/base/clock.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nullworker::client::watch {

// JSON as it is written, piece by piece: a document of tens of thousands of small objects is never a tree.
// Who writes sees to it that a key stands before each value in an object, and that what is opened is closed.
class json_text {
public:
    void open_object() { open('{', '}'); }
    void open_array() { open('[', ']'); }
    void close();

    void key(std::string_view name);  // one of ours: nothing in it needs an escape

    void value(std::string_view text);  // what is not UTF-8 is replaced
    void value(const std::string& text) { value(std::string_view(text)); }
    void value(const char* text) { value(std::string_view(text)); }
    void value(bool truth) { raw(truth ? "true" : "false"); }
    void value(int number) { value(std::int64_t{number}); }
    void value(std::int64_t number);
    void value(std::uint64_t number);
    void value(double number);  // null where it is not finite
    void value(seconds span);   // in milliseconds' precision
    void value(instant time);   // seconds since 1970, in milliseconds' precision
    void null() { raw("null"); }

    template <class T>
    void value(const std::optional<T>& known) {
        if (known)
            value(*known);
        else
            null();
    }

    template <class T>
    void member(std::string_view name, const T& what) {
        key(name);
        value(what);
    }

    [[nodiscard]] std::string take() { return std::move(x_text); }

private:
    void open(char first, char last);
    void raw(std::string_view text);
    void rounded(double number);

    std::string x_text;
    std::string x_closers;       // of what is open
    bool x_needs_comma = false;  // before the next value or key
};

}  // namespace nullworker::client::watch
