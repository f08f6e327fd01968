#include "sandbox/jailer/system_call.h"

#include <fcntl.h>

namespace meridian::sandbox::jailer {

Result<void> write_file(int directory, std::string const& path, std::string_view value) {
    io::UniqueFd const file(::openat(directory, path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file.valid()) return system_error("open " + path);
    if (::write(file.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size())) {
        return system_error("write " + path);
    }
    return {};
}

Result<std::string> read_file(std::string const& path) {
    io::UniqueFd const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) return system_error("open " + path);
    std::string content(1024 * 1024, '\0');
    std::size_t size = 0;
    while (size < content.size()) {
        ssize_t const got = ::read(file.get(), content.data() + size, content.size() - size);
        if (got < 0) return system_error("read " + path);
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    content.resize(size);
    if (content.ends_with('\n')) content.pop_back();
    return content;
}

}  // namespace meridian::sandbox::jailer
