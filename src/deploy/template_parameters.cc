#include "deploy/template_parameters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include "base/contains.h"
#include "deploy/template_functions.h"

namespace meridian::deploy {
namespace {

// The most memory that a template's pattern may take (AllowedPattern). Ours.
constexpr std::int64_t kPatternBytesMax = 1 << 20;

constexpr auto kMembers = std::to_array<std::string_view>(
    {"Type", "Default", "AllowedValues", "AllowedPattern", "ConstraintDescription", "Description",
     "MaxLength", "MaxValue", "MinLength", "MinValue", "NoEcho"});

std::optional<double> number_of(std::string_view text) {
    double value = 0;
    auto const [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || stopped != text.data() + text.size())
        return std::nullopt;
    return value;
}

bool is_list_type(std::string_view type) {
    return type == "CommaDelimitedList" || type.starts_with("List<");
}

bool is_number_type(std::string_view type) { return type == "Number" || type == "List<Number>"; }

Result<void> check_type(std::string const& type, Mark mark) {
    constexpr auto kOwn = std::to_array<std::string_view>(
        {"String", "Number", "CommaDelimitedList", "List<Number>", "List<String>"});
    // Ids that AWS would look up; here they are texts.
    bool const id = type.starts_with("AWS::EC2::") || type.starts_with("List<AWS::EC2::") ||
                    type == "AWS::Route53::HostedZone::Id";
    if (contains(kOwn, type) || id) return {};
    if (type.starts_with("AWS::SSM::"))
        return fail_at(mark, fmt::format("the type {} reads Systems Manager's parameter store, "
                                         "which is not Meridian's; make it a String",
                                         type));
    return fail_at(mark, fmt::format("there is no parameter type {}", type));
}

Result<std::optional<double>> number_member(Node const& parameter, std::string_view name) {
    auto const* node = parameter.find(name);
    if (node == nullptr) return std::nullopt;
    auto const number = node->is_scalar() ? number_of(node->text) : std::nullopt;
    if (!number) return fail_at(node->mark, fmt::format("{} is a number", name));
    return number;
}

Result<std::optional<std::size_t>> length_member(Node const& parameter, std::string_view name) {
    MERIDIAN_TRY(auto const number, number_member(parameter, name));
    if (!number) return std::nullopt;
    constexpr double kMost = 1e9;
    if (*number < 0 || *number > kMost)
        return fail_at(parameter.find(name)->mark, fmt::format("{} is out of range", name));
    return static_cast<std::size_t>(*number);
}

Result<std::string> text_member(Node const& parameter, std::string_view name) {
    auto const* node = parameter.find(name);
    if (node == nullptr) return std::string();
    return text_of(*node, name);
}

Result<TemplateParameter> read_parameter(Node::Entry const& entry) {
    auto const& node = entry.value;
    if (!node.is_map())
        return fail_at(entry.mark, fmt::format("the parameter {} is a map with a Type", entry.key));
    for (auto const& member : node.entries) {
        if (!contains(kMembers, member.key))
            return fail_at(member.mark, fmt::format("a parameter has no member {} (it has {})",
                                                    member.key, fmt::join(kMembers, ", ")));
    }
    TemplateParameter out{.name = entry.key, .type = {}, .mark = entry.mark};
    MERIDIAN_TRY(out.type, text_member(node, "Type"));
    if (out.type.empty())
        return fail_at(entry.mark, fmt::format("the parameter {} has no Type", entry.key));
    MERIDIAN_CHECK(check_type(out.type, node.find("Type")->mark));
    MERIDIAN_TRY(out.description, text_member(node, "Description"));
    MERIDIAN_TRY(out.allowed_pattern, text_member(node, "AllowedPattern"));
    MERIDIAN_TRY(out.constraint_description, text_member(node, "ConstraintDescription"));
    MERIDIAN_TRY(out.min_value, number_member(node, "MinValue"));
    MERIDIAN_TRY(out.max_value, number_member(node, "MaxValue"));
    MERIDIAN_TRY(out.min_length, length_member(node, "MinLength"));
    MERIDIAN_TRY(out.max_length, length_member(node, "MaxLength"));
    if (auto const* fallback = node.find("Default")) {
        // An empty Default in YAML is null.
        if (fallback->is_null()) {
            out.default_value = "";
        } else {
            MERIDIAN_TRY(out.default_value, text_of(*fallback, "Default"));
        }
    }
    if (auto const* values = node.find("AllowedValues")) {
        if (!values->is_list() || values->items.empty())
            return fail_at(values->mark, "AllowedValues is a list");
        for (auto const& value : values->items) {
            MERIDIAN_TRY(auto text, text_of(value, "an allowed value"));
            out.allowed_values.push_back(std::move(text));
        }
    }
    if (auto const* hidden = node.find("NoEcho")) {
        auto const value = as_boolean(*hidden);
        if (!value) return fail_at(hidden->mark, "NoEcho is true or false");
        out.no_echo = *value;
    }
    return out;
}

class Checker {
  public:
    explicit Checker(TemplateParameter const& parameter) : parameter_(parameter) {}

    // Of one value, or of each element of a list.
    Result<void> check(std::string const& value) const {
        if (!parameter_.allowed_values.empty() && !contains(parameter_.allowed_values, value))
            return broken(value,
                          fmt::format("is none of {}", fmt::join(parameter_.allowed_values, ", ")));
        if (is_number_type(parameter_.type)) return check_number(value);
        return check_text(value);
    }

  private:
    std::unexpected<Error> broken(std::string const& value, std::string const& why) const {
        auto const shown = parameter_.no_echo ? std::string("its value") : value;
        auto const& said = parameter_.constraint_description;
        return fail_at(parameter_.mark,
                       fmt::format("the parameter {}: {} {}{}", parameter_.name, shown, why,
                                   said.empty() ? "" : fmt::format(" ({})", said)));
    }

    Result<void> check_number(std::string const& value) const {
        auto const number = number_of(value);
        if (!number) return broken(value, "is no number");
        if (parameter_.min_value && *number < *parameter_.min_value)
            return broken(value, fmt::format("is less than {}", *parameter_.min_value));
        if (parameter_.max_value && *number > *parameter_.max_value)
            return broken(value, fmt::format("is more than {}", *parameter_.max_value));
        return {};
    }

    Result<void> check_text(std::string const& value) const {
        // Characters, as CloudFormation counts: bytes that do not continue a UTF-8 sequence.
        auto const characters = static_cast<std::size_t>(std::ranges::count_if(
            value, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
        if (parameter_.min_length && characters < *parameter_.min_length)
            return broken(value, fmt::format("is shorter than {}", *parameter_.min_length));
        if (parameter_.max_length && characters > *parameter_.max_length)
            return broken(value, fmt::format("is longer than {}", *parameter_.max_length));
        if (parameter_.allowed_pattern.empty()) return {};
        RE2::Options options(RE2::Quiet);
        options.set_max_mem(kPatternBytesMax);
        RE2 const pattern(parameter_.allowed_pattern, options);
        if (!pattern.ok())
            return fail_at(parameter_.mark,
                           fmt::format("the parameter {}: its AllowedPattern cannot be used: {}",
                                       parameter_.name, pattern.error()));
        if (!RE2::FullMatch(value, pattern))
            return broken(value, fmt::format("does not match {}", parameter_.allowed_pattern));
        return {};
    }

    TemplateParameter const& parameter_;
};

std::string_view trimmed(std::string_view text) {
    auto const first = text.find_first_not_of(" \t\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

Result<Node> value_of(TemplateParameter const& parameter, std::string const& text) {
    Checker const checker(parameter);
    if (!is_list_type(parameter.type)) {
        MERIDIAN_CHECK(checker.check(text));
        auto out = Node::string(text, parameter.mark);
        if (parameter.type == "Number") out.kind = Node::Kind::kNumber;
        return out;
    }
    auto out = Node::list({}, parameter.mark);
    std::string_view rest = text;
    while (!text.empty()) {
        auto const comma = rest.find(',');
        auto item = std::string(trimmed(rest.substr(0, comma)));
        MERIDIAN_CHECK(checker.check(item));
        out.items.push_back(Node::string(std::move(item), parameter.mark));
        if (is_number_type(parameter.type)) out.items.back().kind = Node::Kind::kNumber;
        if (comma == std::string_view::npos) break;
        rest.remove_prefix(comma + 1);
    }
    return out;
}

}  // namespace

Result<std::vector<TemplateParameter>> read_parameters(Node const* section) {
    std::vector<TemplateParameter> out;
    if (section == nullptr || section->is_null()) return out;
    if (!section->is_map()) return fail_at(section->mark, "Parameters is a map");
    if (section->entries.size() > kParametersMax)
        return fail_at(section->mark, fmt::format("more than {} parameters", kParametersMax));
    for (auto const& entry : section->entries) {
        MERIDIAN_TRY(auto parameter, read_parameter(entry));
        out.push_back(std::move(parameter));
    }
    return out;
}

Result<std::map<std::string, Node, std::less<>>> parameter_values(
    std::vector<TemplateParameter> const& parameters,
    std::map<std::string, std::string> const& given) {
    for (auto const& [name, value] : given) {
        if (std::ranges::find(parameters, name, &TemplateParameter::name) == parameters.end())
            return fail_at({1, 1}, fmt::format("the template has no parameter {}", name));
    }
    std::map<std::string, Node, std::less<>> out;
    std::vector<std::string_view> missing;
    for (auto const& parameter : parameters) {
        auto const found = given.find(parameter.name);
        if (found == given.end() && !parameter.default_value) {
            missing.push_back(parameter.name);
            continue;
        }
        MERIDIAN_TRY(auto value, value_of(parameter, found == given.end() ? *parameter.default_value
                                                                          : found->second));
        out.emplace(parameter.name, std::move(value));
    }
    if (!missing.empty()) {
        auto const first = std::ranges::find(parameters, missing.front(), &TemplateParameter::name);
        return fail_at(first->mark,
                       fmt::format("a value is needed for the parameter{} {}",
                                   missing.size() == 1 ? "" : "s", fmt::join(missing, ", ")));
    }
    return out;
}

}  // namespace meridian::deploy
