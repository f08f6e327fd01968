#include "store/package_tree.h"

#include <climits>

namespace meridian::store {
namespace {

// Linux gives up after this many links in one path, too.
constexpr int kHopsMax = 40;
// Ours: components looked at for all links of one package together. Honest packages need a few
// each.
constexpr std::size_t kStepsMax = 1'000'000;

std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> parts;
    while (!path.empty()) {
        auto const slash = path.find('/');
        auto const part = path.substr(0, slash);
        if (!part.empty() && part != ".") parts.push_back(part);
        path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    }
    return parts;
}

}  // namespace

PackageTree::PackageTree(std::size_t nodes_max) : nodes_max_(nodes_max), nodes_(1) {}

std::optional<std::vector<std::string>> PackageTree::parse(std::string_view name) {
    if (name.empty() || name.size() >= PATH_MAX || name.front() == '/') return std::nullopt;
    if (name.find('\\') != std::string_view::npos || name.find('\0') != std::string_view::npos) {
        return std::nullopt;
    }
    std::vector<std::string> path;
    for (auto const part : split(name)) {
        if (part == ".." || part.size() > NAME_MAX) return std::nullopt;
        path.emplace_back(part);
    }
    return path;
}

bool PackageTree::add(std::vector<std::string> const& path, Kind kind, std::string link_target) {
    if (path.empty()) return kind == Kind::kDirectory;  // "./": the root
    std::size_t at = 0;
    bool is_new = false;
    for (auto const& part : path) {
        if (nodes_[at].kind != Kind::kDirectory) return false;
        auto const found = nodes_[at].children.find(part);
        is_new = found == nodes_[at].children.end();
        if (!is_new) {
            at = found->second;
            continue;
        }
        if (nodes_.size() > nodes_max_) return false;  // the root does not count
        auto const created = nodes_.size();
        nodes_[at].children.emplace(part, created);
        nodes_.push_back({.parent = at});
        at = created;
    }
    auto& node = nodes_[at];
    if (!is_new) return kind == Kind::kDirectory && node.kind == Kind::kDirectory;
    node.kind = kind;
    node.target = std::move(link_target);
    if (kind == Kind::kLink) links_.push_back(at);
    return true;
}

bool PackageTree::links_stay_inside() const {
    std::size_t steps = 0;
    for (auto const link : links_) {
        // What is still to walk, the next component last; where we are, and how far below a name
        // that does not exist (there, only depth counts).
        std::vector<std::string_view> rest;
        std::size_t at = nodes_[link].parent;
        std::size_t missing = 0;
        int hops = 0;
        auto const follow = [&](std::string const& target) {
            auto const parts = split(target);
            rest.insert(rest.end(), parts.rbegin(), parts.rend());
            return !target.empty() && target.front() != '/' && ++hops <= kHopsMax;
        };
        if (!follow(nodes_[link].target)) return false;
        while (!rest.empty()) {
            if (++steps > kStepsMax) return false;
            auto const part = rest.back();
            rest.pop_back();
            if (part == "..") {
                if (missing > 0) {
                    --missing;
                } else if (at == 0) {
                    return false;
                } else {
                    at = nodes_[at].parent;
                }
                continue;
            }
            auto const found =
                missing > 0 ? nodes_[at].children.end() : nodes_[at].children.find(part);
            if (found == nodes_[at].children.end()) {
                ++missing;
            } else if (nodes_[found->second].kind == Kind::kLink) {
                if (!follow(nodes_[found->second].target)) return false;
            } else {
                at = found->second;
            }
        }
    }
    return true;
}

}  // namespace meridian::store
