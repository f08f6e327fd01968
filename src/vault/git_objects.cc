#include "vault/git_objects.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/encoding.h"
#include "crypto/sha1.h"

namespace meridian::vault {
namespace {

constexpr std::string_view kFileMode = "100644";
constexpr std::string_view kTreeMode = "40000";

std::string_view chars_of(ObjectId const& id) {
    return {reinterpret_cast<char const*>(id.bytes.data()), id.bytes.size()};
}

std::unexpected<Error> malformed(ObjectType type) {
    return fail(Errc::kCorrupt, fmt::format("a {} is malformed", name_of(type)));
}

std::string clean(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c == '<' || c == '>' || c == '\n' || c == '\0') c = '?';
    }
    return out;
}

std::string format_signature(Signature const& who) {
    return fmt::format(
        "{} <{}> {} +0000", clean(who.name), clean(who.email),
        std::chrono::floor<std::chrono::seconds>(who.time.time_since_epoch()).count());
}

// "Name <email> 1700000000 +0100"; the time zone is only how the time is shown.
std::optional<Signature> parse_signature(std::string_view text) {
    auto const open = text.find(" <");
    auto const close = text.rfind("> ");
    if (open == std::string_view::npos || close == std::string_view::npos || close < open + 2)
        return std::nullopt;
    Signature who{.name = std::string(text.substr(0, open)),
                  .email = std::string(text.substr(open + 2, close - open - 2)),
                  .time = {}};
    auto const number = text.substr(close + 2);
    std::int64_t seconds = 0;
    auto const [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), seconds);
    constexpr std::int64_t kSecondsMax = 1LL << 40;
    if (error != std::errc{} || seconds < 0 || seconds > kSecondsMax) return std::nullopt;
    who.time = WallTime{std::chrono::seconds(seconds)};
    return who;
}

// Lines "name value" until an empty one; then the message.
class HeaderReader {
  public:
    explicit HeaderReader(std::string_view bytes) : rest_(bytes) {}

    // False at the empty line, or where the bytes end.
    bool next() {
        do {
            auto const end = rest_.find('\n');
            if (end == std::string_view::npos || end == 0) return false;
            line_ = rest_.substr(0, end);
            rest_.remove_prefix(end + 1);
        } while (line_.front() == ' ');  // goes on with the header above
        return true;
    }
    [[nodiscard]] std::optional<std::string_view> value_of(std::string_view name) const {
        if (line_.size() <= name.size() || !line_.starts_with(name) || line_[name.size()] != ' ')
            return std::nullopt;
        return line_.substr(name.size() + 1);
    }
    [[nodiscard]] std::string message() const {
        return std::string(rest_.starts_with('\n') ? rest_.substr(1) : rest_);
    }

  private:
    std::string_view rest_;
    std::string_view line_;
};

}  // namespace

std::string ObjectId::hex() const { return to_hex(chars_of(*this)); }

std::optional<ObjectId> parse_object_id(std::string_view hex) {
    ObjectId id;
    auto const bytes = from_hex(hex);
    if (!bytes || bytes->size() != id.bytes.size()) return std::nullopt;
    std::ranges::copy(*bytes, id.bytes.begin());
    return id;
}

std::string_view name_of(ObjectType type) {
    switch (type) {
        case ObjectType::kCommit:
            return "commit";
        case ObjectType::kTree:
            return "tree";
        case ObjectType::kBlob:
            return "blob";
        case ObjectType::kTag:
            return "tag";
    }
    return "?";
}

ObjectId object_id(ObjectType type, std::string_view bytes) {
    auto header = fmt::format("{} {}", name_of(type), bytes.size());
    header.push_back('\0');
    return {crypto::sha1(header, bytes)};
}

std::string format_tree(std::vector<TreeEntry> entries) {
    // Git's order: as if trees' names ended with a slash.
    auto const at = [](TreeEntry const& entry, std::size_t i) -> unsigned {
        if (i < entry.name.size()) return static_cast<unsigned char>(entry.name[i]);
        return i == entry.name.size() && entry.is_tree ? '/' : 0;
    };
    std::ranges::sort(entries, [&](TreeEntry const& a, TreeEntry const& b) {
        auto const common = std::min(a.name.size(), b.name.size());
        auto const order = std::string_view(a.name).substr(0, common) <=>
                           std::string_view(b.name).substr(0, common);
        return order != 0 ? order < 0 : at(a, common) < at(b, common);
    });
    std::string bytes;
    for (auto const& entry : entries) {
        bytes += entry.is_tree ? kTreeMode : kFileMode;
        bytes += ' ';
        bytes += entry.name;
        bytes += '\0';
        bytes += chars_of(entry.id);
    }
    return bytes;
}

Result<std::vector<TreeEntry>> parse_tree(std::string_view bytes) {
    std::vector<TreeEntry> entries;
    while (!bytes.empty()) {
        auto const space = bytes.find(' ');
        auto const end = bytes.find('\0');
        TreeEntry entry;
        if (end == std::string_view::npos || space == std::string_view::npos || space >= end ||
            bytes.size() - end - 1 < entry.id.bytes.size())
            return malformed(ObjectType::kTree);
        entry.is_tree = bytes.substr(0, space) == kTreeMode;
        entry.name = bytes.substr(space + 1, end - space - 1);
        bytes.remove_prefix(end + 1);
        std::ranges::copy(bytes.substr(0, entry.id.bytes.size()), entry.id.bytes.begin());
        bytes.remove_prefix(entry.id.bytes.size());
        entries.push_back(std::move(entry));
    }
    return entries;
}

std::string format_commit(Commit const& commit) {
    auto bytes = fmt::format("tree {}\n", commit.tree.hex());
    for (auto const& parent : commit.parents) bytes += fmt::format("parent {}\n", parent.hex());
    bytes += fmt::format("author {}\ncommitter {}\n\n{}", format_signature(commit.author),
                         format_signature(commit.committer), commit.message);
    return bytes;
}

Result<Commit> parse_commit(std::string_view bytes) {
    Commit commit;
    std::optional<ObjectId> tree;
    std::optional<Signature> author, committer;
    HeaderReader header(bytes);
    while (header.next()) {
        if (auto const value = header.value_of("tree")) tree = parse_object_id(*value);
        if (auto const value = header.value_of("parent")) {
            auto const parent = parse_object_id(*value);
            if (!parent) return malformed(ObjectType::kCommit);
            commit.parents.push_back(*parent);
        }
        if (auto const value = header.value_of("author")) author = parse_signature(*value);
        if (auto const value = header.value_of("committer")) committer = parse_signature(*value);
    }
    if (!tree || !author || !committer) return malformed(ObjectType::kCommit);
    commit.tree = *tree;
    commit.author = *author;
    commit.committer = *committer;
    commit.message = header.message();
    return commit;
}

std::string format_tag(Tag const& tag) {
    return fmt::format("object {}\ntype commit\ntag {}\ntagger {}\n\n{}", tag.commit.hex(),
                       clean(tag.name), format_signature(tag.tagger), tag.message);
}

Result<Tag> parse_tag(std::string_view bytes) {
    Tag tag;
    std::optional<ObjectId> commit;
    std::optional<Signature> tagger;
    bool of_commit = false;
    HeaderReader header(bytes);
    while (header.next()) {
        if (auto const value = header.value_of("object")) commit = parse_object_id(*value);
        if (auto const value = header.value_of("type")) of_commit = *value == "commit";
        if (auto const value = header.value_of("tag")) tag.name = *value;
        if (auto const value = header.value_of("tagger")) tagger = parse_signature(*value);
    }
    if (!commit || !tagger || !of_commit || tag.name.empty()) return malformed(ObjectType::kTag);
    tag.commit = *commit;
    tag.tagger = *tagger;
    tag.message = header.message();
    return tag;
}

std::optional<std::string> trailer(std::string_view message, std::string_view name) {
    while (message.ends_with('\n')) message.remove_suffix(1);
    auto const paragraph = message.rfind("\n\n");
    if (paragraph == std::string_view::npos) return std::nullopt;
    message.remove_prefix(paragraph + 2);
    while (!message.empty()) {
        auto const end = std::min(message.find('\n'), message.size());
        auto const line = message.substr(0, end);
        message.remove_prefix(std::min(end + 1, message.size()));
        if (line.size() > name.size() + 1 && line.starts_with(name) &&
            line.substr(name.size(), 2) == ": ")
            return std::string(line.substr(name.size() + 2));
    }
    return std::nullopt;
}

}  // namespace meridian::vault
