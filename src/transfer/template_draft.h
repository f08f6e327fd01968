#pragma once
// A template while it is being made: its resources, and how they name each other. Pure.

#include <map>
#include <set>
#include <string>

#include "transfer/template_export.h"

namespace meridian::transfer {

class TemplateDraft {
  public:
    TemplateDraft(Inventory const& inventory, TemplateForm form)
        : inventory(inventory), form(form) {}

    Inventory const& inventory;
    TemplateForm form;
    TemplateExport made;

    [[nodiscard]] bool sam() const noexcept { return form == TemplateForm::kSam; }
    // Adds a resource and returns its logical id.
    std::string add(std::string_view kind, std::string_view name, std::string_view type,
                    nlohmann::json properties);
    nlohmann::json& resource(std::string const& id) { return made.document["Resources"][id]; }
    // A parameter of type String; returns the reference to it.
    nlohmann::json parameter(std::string const& name, std::string const& description, bool secret);
    void unsaid(std::string text) { made.unsaid.push_back(std::move(text)); }

    // From now on `arn` is what `reference` gives.
    void stands_for(std::string const& arn, nlohmann::json reference);
    // The ARN, or the reference to the resource that makes it.
    [[nodiscard]] nlohmann::json reference(std::string const& arn) const;
    // The value with every text that is such an ARN replaced.
    [[nodiscard]] nlohmann::json referenced(nlohmann::json value) const;
    // Code or Content: the file beside the template, or in the bucket.
    nlohmann::json code(std::string const& file, CodeRef what);

  private:
    std::set<std::string> ids_;
    std::map<std::string, nlohmann::json> references_;
};

// Roles, policies and layers, before the functions that name them.
void add_account_resources(TemplateDraft& draft);
void add_function_resources(TemplateDraft& draft, FunctionRecord const& function);

// [{Key, Value}] of {key: value}.
[[nodiscard]] nlohmann::json template_tags(nlohmann::json const& tags);

}  // namespace meridian::transfer
