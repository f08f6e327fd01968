#pragma once
// An inventory as a SAM or CloudFormation template: what functions are now, under the names that
// they have. What a template cannot say is listed, never left out silently. Pure.

#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "transfer/folder.h"
#include "transfer/inventory.h"

namespace meridian::transfer {

enum class TemplateForm {
    kSam,             // code as files beside the template
    kCloudFormation,  // code in a bucket, the parameter CodeBucket, under the files' names
};

struct TemplateExport {
    nlohmann::json document = nlohmann::json::object();
    std::vector<PackageFile> packages = {};  // files beside template.yaml
    std::vector<std::string> unsaid = {};    // each in a sentence, sorted
};

// Variables whose values are withheld (null) become parameters that are not echoed.
[[nodiscard]] TemplateExport make_template(Inventory const& inventory, TemplateForm form);
// The document's text.
[[nodiscard]] std::string template_text(TemplateExport const& made);

// A logical id made of a name: letters and digits; `used` gets it, and keeps it unique.
[[nodiscard]] std::string logical_id(std::string_view kind, std::string_view name,
                                     std::set<std::string>& used);

}  // namespace meridian::transfer
