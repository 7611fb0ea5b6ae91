#include "urls.hpp"

// The list of report addresses.
namespace nullworker::fuzz {

FUZZ_TARGET(report_address, 500) {
    std::string culprit;
    const auto list = parse_url_list(input, &culprit);
    if (!list) {
        require(input.find(culprit) != input.npos, "the culprit is in the list");
        require(!culprit.empty() && culprit.find(',') == culprit.npos, "the culprit is one entry");
        const auto alone = parse_url(culprit);
        require(!alone && alone.error() == list.error(), "the culprit is no URL alone either");
        return;
    }
    require(culprit.empty(), "there is no culprit where nothing is wrong");
    require(list->size() <= input.size(), "there are no more URLs than bytes");

    std::string printed;
    bool unambiguous = true;
    for (const auto& address : *list) {
        require_sound(address);
        unambiguous = unambiguous && address.text().find(',') == std::string::npos;
        printed += address.text() + " , ";
    }
    require(unambiguous, "no URL of a list holds a comma");
    const auto again = parse_url_list(printed);
    require(again.has_value() && std::equal(list->begin(), list->end(), again->begin(), again->end(), same),
            "what is printed parses to the same");
}

}  // namespace nullworker::fuzz
