#pragma once
// A tree of a repository under change: files are put and removed by path, and write() makes the
// objects of what changed. What it has read it keeps, so that a small change after many costs
// little.
//
// Threads: those of its repository, which outlives it.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "vault/git_repository.h"

namespace meridian::vault {

// Paths have names between slashes: no empty one, no "." or "..", none longer than this.
inline constexpr std::size_t kPathNameBytesMax = 255;

class TreeEdit {
  public:
    // Nothing: the empty tree.
    TreeEdit(GitRepository& repository, std::optional<ObjectId> tree);
    ~TreeEdit();

    // The object at `path`; nothing if there is none. kCorrupt.
    Result<std::optional<TreeEntry>> find(std::string_view path);
    // A file, or a whole tree; folders on the way are made, a file on the way is replaced.
    // kInvalidParameterValue for a path that git would not take.
    Result<void> put(std::string_view path, ObjectId const& id, bool is_tree = false);
    // A file or a folder; folders that are empty then go, too. False if there was none.
    Result<bool> remove(std::string_view path);
    Result<ObjectId> write();

    // Every file under `path`, in order; `visit` gets the path from the root.
    Result<void> for_each_file(
        std::string_view path,
        std::function<Result<void>(std::string const& path, ObjectId const& blob)> const& visit);

  private:
    struct Node;
    using Children = std::map<std::string, Node, std::less<>>;
    Result<Children*> children(Node& node);
    Result<ObjectId> write(Node& node);
    Result<bool> remove(Node& node, std::string_view path);
    Result<void> visit_files(
        Node& node, std::string const& path,
        std::function<Result<void>(std::string const&, ObjectId const&)> const& visit);

    GitRepository& repository_;
    std::unique_ptr<Node> root_;
};

}  // namespace meridian::vault
