#include "vault/tree_edit.h"

#include <utility>

#include <fmt/format.h>

namespace meridian::vault {
namespace {

// "a" and "b/c" of "a/b/c".
std::pair<std::string_view, std::string_view> split_first(std::string_view path) {
    auto const slash = path.find('/');
    if (slash == std::string_view::npos) return {path, {}};
    return {path.substr(0, slash), path.substr(slash + 1)};
}

Result<void> check_path(std::string_view path) {
    for (auto rest = path;;) {
        auto const slash = rest.find('/');
        auto const name = rest.substr(0, slash);
        bool const good = !name.empty() && name.size() <= kPathNameBytesMax && name != "." &&
                          name != ".." && name != ".git" && name.find('\0') == name.npos;
        if (!good)
            return fail(Errc::kInvalidParameterValue, fmt::format("\"{}\" is no path", path));
        if (slash == std::string_view::npos) return {};
        rest.remove_prefix(slash + 1);
    }
}

}  // namespace

struct TreeEdit::Node {
    bool is_tree = false;
    std::optional<ObjectId> id = {};  // nothing: changed since it was written
    // Of a tree; nothing: not read yet.
    std::optional<Children> children = {};
};

TreeEdit::TreeEdit(GitRepository& repository, std::optional<ObjectId> tree)
    : repository_(repository), root_(std::make_unique<Node>(Node{.is_tree = true, .id = tree})) {
    if (!tree) root_->children.emplace();
}
TreeEdit::~TreeEdit() = default;

Result<TreeEdit::Children*> TreeEdit::children(Node& node) {
    if (!node.children) {
        MERIDIAN_TRY(auto const bytes, repository_.read(ObjectType::kTree, *node.id));
        MERIDIAN_TRY(auto entries, parse_tree(bytes));
        node.children.emplace();
        for (auto& entry : entries)
            node.children->emplace(std::move(entry.name),
                                   Node{.is_tree = entry.is_tree, .id = entry.id});
    }
    return &*node.children;
}

Result<std::optional<TreeEntry>> TreeEdit::find(std::string_view path) {
    auto* node = root_.get();
    std::string_view name;
    while (!path.empty()) {
        if (!node->is_tree) return std::nullopt;
        MERIDIAN_TRY(auto* const inside, children(*node));
        std::tie(name, path) = split_first(path);
        auto const found = inside->find(name);
        if (found == inside->end()) return std::nullopt;
        node = &found->second;
    }
    MERIDIAN_TRY(auto const id, write(*node));
    return TreeEntry{.name = std::string(name), .id = id, .is_tree = node->is_tree};
}

Result<void> TreeEdit::put(std::string_view path, ObjectId const& id, bool is_tree) {
    MERIDIAN_CHECK(check_path(path));
    auto* node = root_.get();
    for (auto rest = path;;) {
        MERIDIAN_TRY(auto* const inside, children(*node));
        node->id.reset();
        auto const [name, below] = split_first(rest);
        auto& child = (*inside)[std::string(name)];
        if (below.empty()) {
            child = Node{.is_tree = is_tree, .id = id};
            return {};
        }
        if (!child.is_tree) child = Node{.is_tree = true, .id = {}, .children = {{}}};
        node = &child;
        rest = below;
    }
}

Result<bool> TreeEdit::remove(std::string_view path) {
    MERIDIAN_CHECK(check_path(path));
    return remove(*root_, path);
}

Result<bool> TreeEdit::remove(Node& node, std::string_view path) {
    MERIDIAN_TRY(auto* const inside, children(node));
    auto const [name, below] = split_first(path);
    auto const found = inside->find(name);
    if (found == inside->end()) return false;
    if (!below.empty()) {
        if (!found->second.is_tree) return false;
        MERIDIAN_TRY(bool const removed, remove(found->second, below));
        if (!removed) return false;
        if (!found->second.children->empty()) {
            node.id.reset();
            return true;
        }
    }
    inside->erase(found);
    node.id.reset();
    return true;
}

Result<ObjectId> TreeEdit::write() { return write(*root_); }

Result<ObjectId> TreeEdit::write(Node& node) {
    if (node.id) return *node.id;
    std::vector<TreeEntry> entries;
    entries.reserve(node.children->size());
    for (auto& [name, child] : *node.children) {
        MERIDIAN_TRY(auto const id, write(child));
        entries.push_back({.name = name, .id = id, .is_tree = child.is_tree});
    }
    MERIDIAN_TRY(node.id, repository_.put(ObjectType::kTree, format_tree(std::move(entries))));
    return *node.id;
}

Result<void> TreeEdit::for_each_file(
    std::string_view path,
    std::function<Result<void>(std::string const& path, ObjectId const& blob)> const& visit) {
    auto* node = root_.get();
    for (auto rest = path; !rest.empty();) {
        if (!node->is_tree) return {};
        MERIDIAN_TRY(auto* const inside, children(*node));
        auto const [name, below] = split_first(rest);
        auto const found = inside->find(name);
        if (found == inside->end()) return {};
        node = &found->second;
        rest = below;
    }
    return visit_files(*node, std::string(path), visit);
}

Result<void> TreeEdit::visit_files(
    Node& node, std::string const& path,
    std::function<Result<void>(std::string const&, ObjectId const&)> const& visit) {
    if (!node.is_tree) return visit(path, *node.id);
    MERIDIAN_TRY(auto* const inside, children(node));
    for (auto& [name, child] : *inside) {
        MERIDIAN_CHECK(visit_files(child, path.empty() ? name : path + "/" + name, visit));
    }
    return {};
}

}  // namespace meridian::vault
