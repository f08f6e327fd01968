#pragma once
// What a stack owns in one region, as it was applied last: kept in that region
// (/meridian/v1/stacks/NAME), so that any machine can plan the next deploy, undo it, or remove it
// all. Values; any thread.

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "deploy/stack.h"

namespace meridian::deploy {

struct ResourceRecord {
    std::string logical_id;
    std::string type;
    std::string physical_id;
    nlohmann::json properties;  // canonical, every reference resolved
    ResourceAttributes attributes = {};
    std::vector<std::string> depends_on = {};
    std::string deletion_policy = "Delete";
    bool generated_name = false;
    // A name in IAM that the stack of another region made, and removes.
    bool shared = false;
};

// A resource that is not the stack's any more and could not be removed yet.
struct Leftover {
    ResourceRecord resource;
    std::string why;
};

struct StackRecord {
    std::string name;
    std::string region;
    std::string account;
    std::vector<ResourceRecord> resources = {};  // in the order of their making
    std::vector<Leftover> leftovers = {};
    std::map<std::string, nlohmann::json> outputs = {};
    std::string rollout = {};         // that changed it last
    nlohmann::json source = nullptr;  // of the template: file, commit

    [[nodiscard]] ResourceRecord const* find(std::string_view logical_id) const;
    // Adds it, or replaces the one of that logical id.
    void put(ResourceRecord resource);
    void erase(std::string_view logical_id);
    [[nodiscard]] KnownAttributes known() const;
};

[[nodiscard]] nlohmann::json to_json(ResourceRecord const& resource);
[[nodiscard]] nlohmann::json to_json(StackRecord const& stack);
// kCorrupt.
[[nodiscard]] Result<ResourceRecord> parse_resource_record(nlohmann::json const& text);
[[nodiscard]] Result<StackRecord> parse_stack_record(nlohmann::json const& text);

[[nodiscard]] nlohmann::json to_json(Stack const& stack);
[[nodiscard]] Result<Stack> parse_stack(nlohmann::json const& text);

}  // namespace meridian::deploy
