#include "vault/loose_object.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <zlib.h>

namespace meridian::vault {
namespace {

constexpr std::size_t kInflateStep = 64UL * 1024;

std::unexpected<Error> no_loose_object() {
    return fail(Errc::kCorrupt, "the file is no whole object");
}

// Nothing unless all of `file` is one stream.
std::optional<std::string> inflate_whole(std::string_view file) {
    z_stream stream{};
    if (::inflateInit(&stream) != Z_OK) return std::nullopt;
    // zlib does not write to its input; its type does not say so.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(file.data()));  // NOLINT
    stream.avail_in = static_cast<uInt>(file.size());
    std::string bytes;
    int status = Z_OK;
    while (status == Z_OK && bytes.size() <= kLooseObjectBytesMax) {
        auto const before = bytes.size();
        bytes.resize(before + kInflateStep);
        stream.next_out = reinterpret_cast<Bytef*>(bytes.data() + before);
        stream.avail_out = kInflateStep;
        status = ::inflate(&stream, Z_NO_FLUSH);
        bytes.resize(before + kInflateStep - stream.avail_out);
    }
    bool const whole = status == Z_STREAM_END && stream.avail_in == 0;
    ::inflateEnd(&stream);
    return whole ? std::optional(std::move(bytes)) : std::nullopt;
}

}  // namespace

Result<LooseObject> parse_loose_object(std::string_view file) {
    constexpr ObjectType kTypes[] = {ObjectType::kCommit, ObjectType::kTree, ObjectType::kBlob,
                                     ObjectType::kTag};
    auto bytes = inflate_whole(file);
    if (!bytes) return no_loose_object();
    auto const end = bytes->find('\0');
    if (end == std::string::npos) return no_loose_object();
    auto const header = std::string_view(*bytes).substr(0, end);
    auto const space = header.find(' ');
    auto const* const type = std::ranges::find(kTypes, header.substr(0, space),
                                               [](ObjectType each) { return name_of(each); });
    if (space == std::string_view::npos || type == std::end(kTypes)) return no_loose_object();
    std::size_t size = 0;
    auto const* const last = header.data() + header.size();
    auto const [stop, error] = std::from_chars(header.data() + space + 1, last, size);
    if (error != std::errc{} || stop != last || size != bytes->size() - end - 1)
        return no_loose_object();
    bytes->erase(0, end + 1);
    return LooseObject{.type = *type, .bytes = std::move(*bytes)};
}

}  // namespace meridian::vault
