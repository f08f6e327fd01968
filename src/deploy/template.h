#pragma once
// SAM and CloudFormation templates: text in, a Stack for one region out.
//
// What is understood: CloudFormation's sections, its intrinsic functions (those that need no other
// stack and no AWS service), AWS::Serverless-2016-10-31 for functions and layers, and Fn::ForEach,
// Fn::Length and Fn::ToJsonString under AWS::LanguageExtensions. Everything else is an error that
// says where it stands: nothing of a template is ignored silently.
//
// Values; any thread. Errors: kInvalidParameterValue, "FILE:LINE:COLUMN: text".

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "deploy/stack.h"
#include "deploy/template_node.h"
#include "deploy/template_yaml.h"

namespace meridian::deploy {

inline constexpr std::size_t kResourcesMax = 500;   // DOC: CloudFormation quotas
inline constexpr std::size_t kParametersMax = 200;  // the same
inline constexpr std::size_t kOutputsMax = 200;     // the same

// One of the template's parameters, as a command line asks for it.
struct TemplateParameter {
    std::string name;
    std::string type;  // "String", "Number", "CommaDelimitedList", "List<Number>", an EC2 id's type
    std::string description = {};
    std::optional<std::string> default_value = {};
    std::vector<std::string> allowed_values = {};
    std::string allowed_pattern = {};  // empty: none
    std::optional<double> min_value = {};
    std::optional<double> max_value = {};
    std::optional<std::size_t> min_length = {};  // characters
    std::optional<std::size_t> max_length = {};
    std::string constraint_description = {};
    bool no_echo = false;  // its value is not to be shown
    Mark mark = {};
};

class Template {
  public:
    // `file` is how errors name it. Checks what can be checked without values: the sections, the
    // parameters.
    [[nodiscard]] static Result<Template> parse(std::string file, std::string_view text);

    [[nodiscard]] std::string const& file() const noexcept { return file_; }
    [[nodiscard]] std::string description() const;
    [[nodiscard]] std::vector<TemplateParameter> const& parameters() const noexcept {
        return parameters_;
    }
    [[nodiscard]] bool is_sam() const noexcept { return sam_; }
    [[nodiscard]] bool has_language_extensions() const noexcept { return language_extensions_; }

    // A section ("Resources"), or null where there is none.
    [[nodiscard]] Node const* section(std::string_view name) const noexcept {
        return root_.find(name);
    }
    [[nodiscard]] SourceMark at(Mark mark) const { return {file_, mark.line, mark.column}; }

  private:
    std::string file_;
    Node root_;
    std::vector<TemplateParameter> parameters_;
    bool sam_ = false;
    bool language_extensions_ = false;
};

struct StackInputs {
    std::string stack_name;
    std::string region;
    std::string account;
    std::map<std::string, std::string> parameters = {};  // lists: commas between
    // Resources that are not Meridian's are left out and listed, instead of being errors.
    bool ignore_foreign = false;
};

[[nodiscard]] Result<Stack> expand(Template const& source, StackInputs const& inputs);

// Code of a stack that is a local file or folder.
struct LocalCode {
    std::string resource;           // logical id of the function or layer
    std::string path;               // from the template's folder; "." is that folder
    std::string build_method = {};  // "python3.11", "makefile"; empty: it is taken as it is
};
[[nodiscard]] std::vector<LocalCode> local_code(Stack const& stack);

}  // namespace meridian::deploy
