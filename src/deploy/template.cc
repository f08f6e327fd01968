#include "deploy/template.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/contains.h"
#include "deploy/sam_globals.h"
#include "deploy/template_functions.h"
#include "deploy/template_parameters.h"

namespace meridian::deploy {
namespace {

constexpr std::string_view kSamTransform = "AWS::Serverless-2016-10-31";
constexpr std::string_view kLanguageExtensions = "AWS::LanguageExtensions";

constexpr auto kSections = std::to_array<std::string_view>(
    {"AWSTemplateFormatVersion", "Conditions", "Description", "Globals", "Mappings", "Metadata",
     "Outputs", "Parameters", "Resources", "Transform"});

struct Transforms {
    bool sam = false;
    bool language_extensions = false;
};

Result<Transforms> read_transforms(Node const* node) {
    Transforms out;
    if (node == nullptr) return out;
    std::vector<Node> const one = {*node};
    for (auto const& item : node->is_list() ? node->items : one) {
        MERIDIAN_TRY(auto const name, text_of(item, "a transform"));
        if (name == kSamTransform) {
            out.sam = true;
        } else if (name == kLanguageExtensions) {
            out.language_extensions = true;
        } else {
            return fail_at(item.mark,
                           fmt::format("the transform {} is not run here (only {} and {})", name,
                                       kSamTransform, kLanguageExtensions));
        }
    }
    return out;
}

Result<void> check_sections(Node const& root) {
    if (!root.is_map())
        return fail_at(root.mark,
                       fmt::format("a template is a map of sections, not {}", describe_kind(root)));
    for (auto const& section : root.entries) {
        if (contains(kSections, section.key)) continue;
        if (section.key == "Rules" || section.key == "Hooks")
            return fail_at(section.mark,
                           fmt::format("the section {} is not supported", section.key));
        return fail_at(section.mark, fmt::format("there is no section {} (there are {})",
                                                 section.key, fmt::join(kSections, ", ")));
    }
    if (auto const* version = root.find("AWSTemplateFormatVersion");
        version != nullptr && version->text != "2010-09-09")
        return fail_at(version->mark, "AWSTemplateFormatVersion is 2010-09-09");
    auto const* resources = root.find("Resources");
    if (resources == nullptr || !resources->is_map() || resources->entries.empty())
        return fail_at(resources == nullptr ? root.mark : resources->mark,
                       "a template needs Resources");
    for (auto const* name : {"Conditions", "Mappings", "Outputs"}) {
        auto const* section = root.find(name);
        if (section != nullptr && !section->is_map() && !section->is_null())
            return fail_at(section->mark, fmt::format("{} is a map", name));
    }
    return {};
}

// A mapping is a map of maps of values, and holds no functions.
Result<void> check_mappings(Node const* mappings) {
    if (mappings == nullptr) return {};
    for (auto const& mapping : mappings->entries) {
        for (auto const& first : mapping.value.entries) {
            for (auto const& second : first.value.entries) {
                if (second.value.is_symbolic() || second.value.is_map() || second.value.is_null())
                    return fail_at(second.mark, "a mapping's value is a text, a number or a list");
            }
            if (!first.value.is_map())
                return fail_at(first.mark, "a mapping has two levels of keys");
        }
        if (!mapping.value.is_map())
            return fail_at(mapping.mark, "a mapping has two levels of keys");
    }
    return {};
}

Error in_file(Error error, std::string const& file) {
    error.message = fmt::format("{}:{}", file, error.message);
    return error;
}

}  // namespace

Result<Template> Template::parse(std::string file, std::string_view text) {
    Template out;
    out.file_ = std::move(file);
    auto const read = [&]() -> Result<void> {
        if (text.size() > kTemplateBytesMax)
            return fail_at({1, 1}, fmt::format("more than {} bytes", kTemplateBytesMax));
        MERIDIAN_TRY(out.root_, parse_yaml(text));
        MERIDIAN_CHECK(check_sections(out.root_));
        MERIDIAN_TRY(auto const transforms, read_transforms(out.section("Transform")));
        out.sam_ = transforms.sam;
        out.language_extensions_ = transforms.language_extensions;
        MERIDIAN_CHECK(check_mappings(out.section("Mappings")));
        auto const* globals = out.root_.find_entry("Globals");
        if (globals != nullptr && !out.sam_)
            return fail_at(globals->mark,
                           fmt::format("Globals needs Transform: {}", kSamTransform));
        MERIDIAN_CHECK(check_globals(out.section("Globals")));
        MERIDIAN_TRY(out.parameters_, read_parameters(out.section("Parameters")));
        return {};
    };
    if (auto const done = read(); !done) return std::unexpected(in_file(done.error(), out.file_));
    return out;
}

std::string Template::description() const {
    auto const* node = section("Description");
    return node != nullptr && node->is_scalar() ? node->text : std::string();
}

}  // namespace meridian::deploy
