#pragma once
// Git's objects as values, in the bytes that git itself writes (gitformat-pack(5), git's
// Documentation/user-manual "object database"). Pure; any thread.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace meridian::vault {

struct ObjectId {
    std::array<std::uint8_t, 20> bytes{};

    auto operator<=>(ObjectId const&) const = default;
    [[nodiscard]] std::string hex() const;
};
[[nodiscard]] std::optional<ObjectId> parse_object_id(std::string_view hex);

// Numbers as packs have them.
enum class ObjectType : std::uint8_t { kCommit = 1, kTree = 2, kBlob = 3, kTag = 4 };
[[nodiscard]] std::string_view name_of(ObjectType type);
[[nodiscard]] ObjectId object_id(ObjectType type, std::string_view bytes);

struct TreeEntry {
    std::string name;
    ObjectId id;
    bool is_tree = false;

    bool operator==(TreeEntry const&) const = default;
};
// Entries in any order, of different names; files are 100644.
[[nodiscard]] std::string format_tree(std::vector<TreeEntry> entries);
// kCorrupt.
[[nodiscard]] Result<std::vector<TreeEntry>> parse_tree(std::string_view bytes);

struct Signature {
    std::string name;
    std::string email;
    WallTime time;  // whole seconds, UTC

    bool operator==(Signature const&) const = default;
};

struct Commit {
    ObjectId tree;
    std::vector<ObjectId> parents = {};
    Signature author;
    Signature committer;
    std::string message;

    bool operator==(Commit const&) const = default;
};
// What git takes for its own marks in names ('<', '>', line ends) becomes '?'.
[[nodiscard]] std::string format_commit(Commit const& commit);
// Headers beyond these (a signature, an encoding) are left out. kCorrupt.
[[nodiscard]] Result<Commit> parse_commit(std::string_view bytes);

struct Tag {
    ObjectId commit;
    std::string name;
    Signature tagger;
    std::string message;  // with the signature that stands at its end

    bool operator==(Tag const&) const = default;
};
[[nodiscard]] std::string format_tag(Tag const& tag);
// kCorrupt also for a tag of something that is no commit.
[[nodiscard]] Result<Tag> parse_tag(std::string_view bytes);

// The value of a trailer ("Name: value" in the last paragraph of a message); nothing where there is
// none.
[[nodiscard]] std::optional<std::string> trailer(std::string_view message, std::string_view name);

}  // namespace meridian::vault
