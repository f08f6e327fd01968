#include "transfer/template_export.h"

#include <algorithm>

#include <fmt/format.h>

#include "transfer/template_draft.h"
#include "transfer/yaml_writer.h"

namespace meridian::transfer {

using nlohmann::json;

namespace {

constexpr char const* kCodeBucket = "CodeBucket";
constexpr std::size_t kParametersMax = 200;  // DOC: CloudFormation quotas

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// "my-orders_v2" as "MyOrdersV2".
std::string camel(std::string_view name) {
    std::string out;
    bool begins = true;
    for (char const c : name) {
        if (!is_letter_or_digit(c)) {
            begins = true;
            continue;
        }
        bool const small = c >= 'a' && c <= 'z';
        out += begins && small ? static_cast<char>(c - 'a' + 'A') : c;
        begins = false;
    }
    return out;
}

}  // namespace

std::string logical_id(std::string_view kind, std::string_view name, std::set<std::string>& used) {
    auto const base = camel(name) + std::string(kind);
    auto id = base;
    for (int n = 2; !used.insert(id).second; ++n) id = fmt::format("{}X{}", base, n);
    return id;
}

std::string TemplateDraft::add(std::string_view kind, std::string_view name, std::string_view type,
                               json properties) {
    auto id = logical_id(kind, name, ids_);
    made.document["Resources"][id] = {{"Type", type}, {"Properties", std::move(properties)}};
    return id;
}

json TemplateDraft::parameter(std::string const& name, std::string const& description,
                              bool secret) {
    auto const id = logical_id({}, name, ids_);
    json parameter = {{"Type", "String"}, {"Description", description}};
    if (secret) parameter["NoEcho"] = true;
    made.document["Parameters"][id] = std::move(parameter);
    return {{"Ref", id}};
}

void TemplateDraft::stands_for(std::string const& arn, json reference) {
    references_[arn] = std::move(reference);
}

json TemplateDraft::reference(std::string const& arn) const {
    auto const found = references_.find(arn);
    return found == references_.end() ? json(arn) : found->second;
}

json TemplateDraft::referenced(json value) const {
    if (value.is_string()) return reference(value.get<std::string>());
    if (value.is_structured()) {
        for (auto& inner : value) inner = referenced(std::move(inner));
    }
    return value;
}

json TemplateDraft::code(std::string const& file, CodeRef what) {
    made.packages.push_back({file, std::move(what)});
    if (sam()) return file;
    auto const parameters = made.document.value("Parameters", json::object());
    if (!parameters.contains(kCodeBucket))
        (void)parameter(kCodeBucket, "The bucket that the files beside this template are in",
                        false);
    return {{"S3Bucket", {{"Ref", kCodeBucket}}}, {"S3Key", file}};
}

json template_tags(json const& tags) {
    json out = json::array();
    for (auto const& [key, value] : tags.items()) out.push_back({{"Key", key}, {"Value", value}});
    return out;
}

TemplateExport make_template(Inventory const& inventory, TemplateForm form) {
    TemplateDraft draft(inventory, form);
    auto& document = draft.made.document;
    document["AWSTemplateFormatVersion"] = "2010-09-09";
    document["Description"] =
        fmt::format("Functions of {}, written by meridian export", inventory.region);
    if (draft.sam()) document["Transform"] = "AWS::Serverless-2016-10-31";
    add_account_resources(draft);
    for (auto const& function : inventory.functions) add_function_resources(draft, function);
    if (!document.contains("Resources")) draft.unsaid("there is nothing to write");
    if (document.value("Parameters", json::object()).size() > kParametersMax)
        draft.unsaid(
            fmt::format("the template has more than {} parameters: export fewer functions, "
                        "or --with-environment",
                        kParametersMax));
    auto& unsaid = draft.made.unsaid;
    std::ranges::sort(unsaid);
    unsaid.erase(std::ranges::unique(unsaid).begin(), unsaid.end());
    return std::move(draft.made);
}

std::string template_text(TemplateExport const& made) {
    return yaml_text(made.document, {"AWSTemplateFormatVersion", "Description", "Transform",
                                     "Parameters", "Resources"});
}

}  // namespace meridian::transfer
