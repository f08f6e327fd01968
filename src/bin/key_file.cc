#include "bin/key_file.h"

#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "io/durable_file.h"

namespace meridian::bin {
namespace {

constexpr std::size_t kKeyBytes = 32;

}  // namespace

Result<std::string> load_or_create_key(std::filesystem::path const& path, Random& random) {
    std::ifstream in(path, std::ios::binary);
    if (in) {
        std::string bytes{std::istreambuf_iterator<char>(in), {}};
        if (bytes.size() != kKeyBytes) {
            return fail(Errc::kCorrupt,
                        fmt::format("{} is not a key of {} bytes", path.string(), kKeyBytes));
        }
        return bytes;
    }
    std::string bytes(kKeyBytes, '\0');
    random.fill(std::as_writable_bytes(std::span(bytes)));
    MERIDIAN_CHECK(io::write_file_durably(path, bytes));
    return bytes;
}

}  // namespace meridian::bin
