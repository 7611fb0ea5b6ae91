#include "support/temporary_directory.hpp"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

#include <stdlib.h>

namespace nullworker::test {

temporary_directory::temporary_directory() {
    std::string name = std::filesystem::temp_directory_path() / "nullworker-test-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr)
        throw std::system_error(errno, std::generic_category(), "mkdtemp");
    x_path = name;
}

temporary_directory::~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(x_path, ignored);
}

std::string temporary_directory::write(std::string_view name, std::string_view content) const {
    const auto full = file(name);
    std::ofstream out(full, std::ios::binary);
    out.exceptions(std::ios::failbit | std::ios::badbit);
    out << content;
    return full;
}

std::string read_file(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in)
        throw std::system_error(errno, std::generic_category(), file);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string recorded(std::string_view name) {
    return read_file(std::filesystem::path(NULLWORKER_TEST_DATA) / name);
}

}  // namespace nullworker::test
