#include "deploy/template_link.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/contains.h"
#include "deploy/resource_rules.h"

namespace meridian::deploy {
namespace {

// What a Ref or Fn::GetAtt says.
struct Reference {
    std::string id;
    std::string attribute;  // empty: Ref
};

Reference reference_of(TemplateNode::Entry const& call) {
    if (call.key == "Ref") return {.id = call.value.text, .attribute = {}};
    return {.id = call.value.items[0].text, .attribute = call.value.items[1].text};
}

bool is_reference(TemplateNode::Entry const& call) {
    return call.key == "Ref" || call.key == "Fn::GetAtt";
}

// Resources in an order in which each comes after what it depends on, otherwise as in the draft.
class Order {
  public:
    explicit Order(std::vector<StackResource>& resources) : resources_(resources) {
        for (std::size_t i = 0; i < resources.size(); ++i) index_[resources[i].logical_id] = i;
        states_.resize(resources.size(), State::kNew);
    }

    Result<std::vector<StackResource>> sorted() {
        for (std::size_t i = 0; i < resources_.size(); ++i) {
            MERIDIAN_CHECK(visit(i));
        }
        std::vector<StackResource> out;
        for (auto const i : order_) out.push_back(std::move(resources_[i]));
        return out;
    }

  private:
    enum class State { kNew, kUnderWay, kDone };

    // NOLINTNEXTLINE(misc-no-recursion): as deep as a chain of resources, of which there are few
    Result<void> visit(std::size_t at) {
        if (states_[at] == State::kDone) return {};
        auto const& resource = resources_[at];
        if (states_[at] == State::kUnderWay) {
            std::vector<std::string> cycle(std::ranges::find(path_, resource.logical_id),
                                           path_.end());
            cycle.push_back(resource.logical_id);
            return fail_at(
                {resource.mark.line, resource.mark.column},
                fmt::format("resources depend on each other: {}", fmt::join(cycle, " -> ")));
        }
        states_[at] = State::kUnderWay;
        path_.push_back(resource.logical_id);
        for (auto const& id : resource.depends_on) {
            MERIDIAN_CHECK(visit(index_.at(id)));
        }
        path_.pop_back();
        states_[at] = State::kDone;
        order_.push_back(at);
        return {};
    }

    std::vector<StackResource>& resources_;
    std::map<std::string, std::size_t, std::less<>> index_;
    std::vector<State> states_;
    std::vector<std::string> path_;
    std::vector<std::size_t> order_;
};

void add_once(std::vector<std::string>& to, std::string const& id) {
    if (!contains(to, id)) to.push_back(id);
}

// What a resource says that it depends on. Absent ones are no reason to wait.
Result<void> add_declared(DraftResource const& draft, Linker const& linker, Draft const& all,
                          StackResource& out) {
    for (auto const& name : draft.depends_on) {
        if (linker.has(name.text)) {
            add_once(out.depends_on, name.text);
        } else if (!all.absent.contains(name.text)) {
            return fail_at(name.mark, fmt::format("DependsOn: there is no resource {}", name.text));
        }
    }
    return {};
}

Result<StackResource> link_resource(DraftResource& draft, Draft const& all, Linker const& linker,
                                    std::string const& file) {
    StackResource out{.logical_id = draft.id,
                      .type = draft.type,
                      .mark = {file, draft.mark.line, draft.mark.column},
                      .deletion_policy = draft.deletion_policy,
                      .auto_publish = draft.auto_publish,
                      .publish_on_any_change = draft.publish_on_any_change,
                      .publish_token = draft.publish_token};
    MERIDIAN_TRY(auto references, linker.link(draft.properties));
    MERIDIAN_TRY(out.properties, apply_rule(draft.properties,
                                            find_resource_rule(draft.type)->properties, draft.id));
    out.depends_on = std::move(references.resources);
    MERIDIAN_CHECK(add_declared(draft, linker, all, out));
    return out;
}

// The alias waits for the alarms and hooks that decide its shift.
Result<TrafficShift> link_shift(DraftShift& draft, Linker const& linker,
                                std::vector<StackResource>& resources) {
    TrafficShift out{.alias = draft.alias, .type = draft.type.text};
    auto const alias = std::ranges::find(resources, draft.alias, &StackResource::logical_id);
    auto const take = [&](TemplateNode& node) -> Result<nlohmann::json> {
        MERIDIAN_TRY(auto const references, linker.link(node));
        for (auto const& id : references.resources) add_once(alias->depends_on, id);
        return to_json(node);
    };
    for (auto& alarm : draft.alarms) {
        MERIDIAN_TRY(auto value, take(alarm));
        out.alarms.push_back(std::move(value));
    }
    if (draft.before) {
        MERIDIAN_TRY(out.before_allow_traffic, take(*draft.before));
    }
    if (draft.after) {
        MERIDIAN_TRY(out.after_allow_traffic, take(*draft.after));
    }
    return out;
}

}  // namespace

Result<Linker> Linker::over(Draft const& draft) {
    Linker out(draft);
    for (auto const& resource : draft.resources) {
        if (!out.types_.emplace(resource.id, resource.type).second)
            return fail_at(resource.mark, fmt::format("two resources would be {} (SAM makes one of "
                                                      "that name)",
                                                      resource.id));
    }
    return out;
}

Result<LinkedReferences> Linker::link(TemplateNode& node, bool may_be_skipped) const {
    LinkedReferences out;
    MERIDIAN_CHECK(walk(node, may_be_skipped, out));
    return out;
}

Result<void> Linker::walk(TemplateNode& node, bool may_be_skipped, LinkedReferences& out) const {
    if (auto const* call = node.intrinsic(); call != nullptr && is_reference(*call)) {
        MERIDIAN_CHECK(rewrite(node));
        return use(node, may_be_skipped, out);
    }
    if (node.is_string() && node.text.find("{{resolve:") != std::string::npos)
        return fail_at(node.mark,
                       "{{resolve:…}} asks a service that is not Meridian's; give the value as a "
                       "parameter");
    for (auto& item : node.items) {
        MERIDIAN_CHECK(walk(item, may_be_skipped, out));
    }
    for (auto& entry : node.entries) {
        MERIDIAN_CHECK(walk(entry.value, may_be_skipped, out));
    }
    return {};
}

Result<void> Linker::rewrite(TemplateNode& call) const {
    auto reference = reference_of(*call.intrinsic());
    auto const mark = call.mark;
    // !Ref F.Alias and ${F.Alias} are the alias; !GetAtt F.Alias.AliasArn is an attribute of it.
    auto const dot = reference.id.find('.');
    if (reference.attribute.empty() && dot != std::string::npos) {
        reference.attribute = reference.id.substr(dot + 1);
        reference.id.resize(dot);
        if (!draft_->made_by.contains({reference.id, reference.attribute}) && has(reference.id))
            return fail_at(mark, fmt::format("{} has no {}: it has no AutoPublishAlias",
                                             reference.id, reference.attribute));
    }
    auto const inner = reference.attribute.find('.');
    auto const made = draft_->made_by.find({reference.id, reference.attribute.substr(0, inner)});
    if (made == draft_->made_by.end()) return {};
    call = inner == std::string::npos
               ? TemplateNode::ref(made->second, mark)
               : TemplateNode::attribute(made->second, reference.attribute.substr(inner + 1), mark);
    return {};
}

Result<void> Linker::use(TemplateNode const& call, bool may_be_skipped,
                         LinkedReferences& out) const {
    auto const reference = reference_of(*call.intrinsic());
    auto const found = types_.find(reference.id);
    if (found == types_.end()) {
        auto const absent = draft_->absent.find(reference.id);
        if (absent == draft_->absent.end())
            return fail_at(call.mark,
                           fmt::format("there is no parameter and no resource {}", reference.id));
        if (may_be_skipped && absent->second.foreign) {
            out.skipped = reference.id;
            return {};
        }
        bool const can_be_skipped = absent->second.foreign && !draft_->ignore_foreign;
        return fail_at(
            call.mark,
            fmt::format(
                "{} is not in the stack: {}{}", reference.id, absent->second.why,
                can_be_skipped ? " (what names it is left out with --ignore-foreign)" : ""));
    }
    auto const& known = find_resource_rule(found->second)->attributes;
    if (!reference.attribute.empty() && !contains(known, reference.attribute))
        return fail_at(call.mark, fmt::format("{} ({}) has no attribute {}{}", reference.id,
                                              found->second, reference.attribute,
                                              known.empty() ? std::string()
                                                            : fmt::format(" (it has {})",
                                                                          fmt::join(known, ", "))));
    add_once(out.resources, reference.id);
    return {};
}

Result<void> Linker::check_mention(TemplateNode const& node) const {
    if (auto const* call = node.intrinsic(); call != nullptr && is_reference(*call)) {
        auto const id = reference_of(*call).id;
        if (has(id) || draft_->absent.contains(id)) return {};
        return fail_at(node.mark, fmt::format("there is no parameter and no resource {}", id));
    }
    for (auto const& item : node.items) {
        MERIDIAN_CHECK(check_mention(item));
    }
    for (auto const& entry : node.entries) {
        MERIDIAN_CHECK(check_mention(entry.value));
    }
    return {};
}

Result<void> link_resources(Draft& draft, Linker const& linker, std::string const& file,
                            Stack& stack) {
    std::vector<StackResource> resources;
    for (auto& resource : draft.resources) {
        MERIDIAN_TRY(auto linked, link_resource(resource, draft, linker, file));
        resources.push_back(std::move(linked));
    }
    for (auto& shift : draft.shifts) {
        MERIDIAN_TRY(auto linked, link_shift(shift, linker, resources));
        stack.shifts.push_back(std::move(linked));
    }
    for (auto const& node : draft.mentions) {
        MERIDIAN_CHECK(linker.check_mention(node));
    }
    MERIDIAN_TRY(stack.resources, Order(resources).sorted());
    return {};
}

}  // namespace meridian::deploy
