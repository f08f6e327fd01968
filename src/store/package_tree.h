#pragma once
// The files of a package as its archive names them, before any of them exists: a tree that takes no
// name which could leave it, none twice, nothing below a link or a file, and no link that leads
// outside.
//
// Threads: one at a time. Plain memory.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meridian::store {

class PackageTree {
  public:
    // `nodes_max`: files, links and directories together.
    explicit PackageTree(std::size_t nodes_max);

    enum class Kind : std::uint8_t { kDirectory, kFile, kLink };

    // A name from an archive as its components; nothing unless it stays below the root: relative,
    // no "..", no backslash, no NUL, not longer than Linux takes. "." and double slashes are
    // dropped.
    [[nodiscard]] static std::optional<std::vector<std::string>> parse(std::string_view name);

    // False if it does not fit with what is there, or is one too many. A directory may come twice.
    [[nodiscard]] bool add(std::vector<std::string> const& path, Kind kind,
                           std::string link_target = {});

    // Whether every link, followed through all others, stays below the root.
    [[nodiscard]] bool links_stay_inside() const;

  private:
    struct Node {
        std::size_t parent = 0;
        Kind kind = Kind::kDirectory;
        std::string target;
        std::map<std::string, std::size_t, std::less<>> children;
    };

    std::size_t nodes_max_;
    std::vector<Node> nodes_;  // [0] is the root
    std::vector<std::size_t> links_;
};

}  // namespace meridian::store
