#include "transfer/function_plan.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "transfer/function_parts_plan.h"
#include "transfer/normal_form.h"
#include "transfer/told.h"

namespace meridian::transfer {

using nlohmann::json;

namespace {

// What a member becomes that the wanted configuration does not have.
json reset_value(std::string const& member) {
    if (member == "Environment") return {{"Variables", json::object()}};
    if (member == "VpcConfig")
        return {{"SubnetIds", json::array()}, {"SecurityGroupIds", json::array()}};
    if (member == "DeadLetterConfig") return {{"TargetArn", ""}};
    if (member == "Layers" || member == "FileSystemConfigs") return json::array();
    if (member == "KMSKeyArn") return "";
    return json::object();
}

// UpdateFunctionCode's, or nobody's.
bool is_of_code(std::string const& member) {
    return member == "CodeSha256" || member == "Architectures" || member == "PackageType";
}

json configuration_change(json const& from, json const& to) {
    json body = json::object();
    for (auto const& [member, value] : to.items()) {
        if (!is_of_code(member) && from.value(member, json()) != value) body[member] = value;
    }
    for (auto const& [member, value] : from.items()) {
        if (!is_of_code(member) && !to.contains(member)) body[member] = reset_value(member);
    }
    return body;
}

// Another description than the neighbours' of any run before: theirs are varied by another number
// of spaces, or not at all.
std::string varied(std::string description, std::uint64_t number) {
    constexpr std::size_t kDescriptionMax = 256;  // the API model's Description
    description.resize(std::min(description.size(), kDescriptionMax - 2));
    return description + (number % 2 == 1 ? " " : "  ");
}

bool code_differs(json const& from, json const& to) {
    return from.value("CodeSha256", "") != to.value("CodeSha256", "") ||
           from.value("Architectures", json()) != to.value("Architectures", json());
}

class Planner {
  public:
    Planner(FunctionRecord wanted, std::optional<FunctionRecord> const& current,
            FunctionPlanOptions options)
        : wanted_(std::move(wanted)), current_(current), options_(options) {
        unit_.function = wanted_.name();
        unit_.subject = "function " + unit_.function;
        unit_.exists = current.has_value();
        if (current) {
            latest_ = current->latest;
            if (!current->versions.empty()) {
                newest_ = current->versions.rbegin()->first;
                published_ = current->versions.rbegin()->second;
            }
        }
    }

    Unit plan() {
        if (!may_begin()) return std::move(unit_);
        compare_versions();
        for (auto const& [number, configuration] : wanted_.versions) {
            if (number > newest_) make_version(number, configuration);
        }
        become(wanted_.latest, kLatest);
        plan_function_parts(wanted_, current_, options_, unit_);
        remove_fillers();
        return std::move(unit_);
    }

  private:
    bool may_begin() {
        if (wanted_.latest.value("PackageType", "Zip") != "Zip") {
            unit_.refused = "its code is a container image, which the API does not hand out.";
            return false;
        }
        if (current_ && current_->latest.value("PackageType", "Zip") != "Zip") {
            unit_.refused = "at the target it is a container image, and that cannot be changed.";
            return false;
        }
        std::vector<std::string> missing;
        fill_in_environment(wanted_.latest, current_ ? current_->latest : json(), missing);
        for (auto& [number, configuration] : wanted_.versions) {
            json const* there = nullptr;
            if (current_ && current_->versions.contains(number))
                there = &current_->versions.at(number);
            fill_in_environment(configuration, there != nullptr ? *there : json(), missing);
        }
        if (missing.empty()) return true;
        std::ranges::sort(missing);
        missing.erase(std::ranges::unique(missing).begin(), missing.end());
        auto const names = fmt::format("{}", fmt::join(missing, ", "));
        if (options_.without_environment) {
            unit_.notes.push_back("left out, for their values were withheld: " + names);
            return true;
        }
        unit_.refused = fmt::format(
            "the values of its environment variables ({}) were withheld: export them with "
            "--with-environment, or leave them out with --without-environment.",
            names);
        return false;
    }

    // Values that were withheld are those that the target has.
    static void fill_in_environment(json& configuration, json const& there,
                                    std::vector<std::string>& missing) {
        auto const at = json::json_pointer("/Environment/Variables");
        if (!configuration.contains(at) || !configuration[at].is_object()) return;
        auto& variables = configuration[at];
        for (auto it = variables.begin(); it != variables.end();) {
            auto const here = at / it.key();
            if (it->is_null() && there.contains(here)) *it = there[here];
            if (!it->is_null()) {
                ++it;
                continue;
            }
            missing.push_back(it.key());
            it = variables.erase(it);
        }
        if (variables.empty()) configuration.erase("Environment");
    }

    void compare_versions() {
        if (!current_) return;
        for (auto const& [number, configuration] : wanted_.versions) {
            if (number > newest_) break;
            auto const found = current_->versions.find(number);
            if (found == current_->versions.end()) {
                unit_.conflicts.push_back(fmt::format(
                    "version {}: the target has given out that number already", number));
                continue;
            }
            std::string fields;
            for (auto const& change : differences(found->second, configuration))
                fields += (fields.empty() ? "" : ", ") + change.path;
            if (!fields.empty()) {
                unit_.conflicts.push_back(fmt::format(
                    "version {} is another one at the target ({}), and a version never changes",
                    number, fields));
            }
        }
        for (auto const& [number, configuration] : current_->versions) {
            if (wanted_.versions.contains(number)) continue;
            if (is_filler(configuration))
                fillers_.push_back(number);
            else
                unit_.notes.push_back(
                    fmt::format("version {} is at the target alone, and stays", number));
        }
    }

    static bool is_filler(json const& configuration) {
        return configuration.value("Description", "").starts_with(kFillerDescription);
    }

    void make_version(std::uint64_t number, json const& configuration) {
        while (newest_ + 1 < number) {
            auto filler = configuration;
            filler["Description"] = fmt::format("{} ({})", kFillerDescription, newest_ + 1);
            publish(filler, std::to_string(newest_ + 1), newest_ + 1, filler["Description"]);
            fillers_.push_back(newest_);
        }
        auto content = configuration;
        // The same as its neighbour in all that the API tells: the difference was $LATEST's own
        // description.
        if (content == published_)
            content["Description"] = varied(content.value("Description", ""), number);
        publish(content, std::to_string(number), number, configuration.value("Description", ""));
    }

    void publish(json const& content, std::string const& qualifier, std::uint64_t number,
                 json const& description) {
        become(content, qualifier);
        unit_.steps.push_back({.what = fmt::format("version {}", number),
                               .method = "POST",
                               .target = function_path(kFunctionsDate, unit_.function, "/versions"),
                               .body = {{"CodeSha256", content.value("CodeSha256", "")},
                                        {"Description", description}},
                               .version = number,
                               .settle = std::to_string(number),
                               .vital = true});
        published_ = content;
        newest_ = number;
    }

    // Makes $LATEST what `content` is; its code is that of the source's `qualifier`.
    void become(json const& content, std::string const& qualifier) {
        CodeRef code{.arn = wanted_.source_arn,
                     .qualifier = qualifier_with(content, qualifier),
                     .sha256 = content.value("CodeSha256", "")};
        if (latest_.is_null()) {
            create(content, std::move(code));
        } else {
            if (code_differs(latest_, content)) update_code(content, std::move(code));
            update_configuration(content);
        }
        latest_ = content;
    }

    // A filler takes the code of the version that comes after it.
    std::string qualifier_with(json const& content, std::string const& qualifier) const {
        auto const sha256 = content.value("CodeSha256", "");
        if (wanted_.latest.value("CodeSha256", "") == sha256) return kLatest;
        for (auto const& [number, configuration] : wanted_.versions) {
            if (configuration.value("CodeSha256", "") == sha256) return std::to_string(number);
        }
        return qualifier;
    }

    void create(json const& content, CodeRef code) {
        auto body = without_defaults(content, unit_.function);
        body.erase("CodeSha256");
        body["FunctionName"] = unit_.function;
        body["Code"] = json::object();
        if (wanted_.parts.contains("Tags")) body["Tags"] = wanted_.parts["Tags"];
        unit_.steps.push_back({.what = unit_.subject,
                               .method = "POST",
                               .target = "/2015-03-31/functions",
                               .body = std::move(body),
                               .code = std::move(code),
                               .code_at = "/Code/ZipFile",
                               .settle = kLatest,
                               .vital = true});
    }

    void update_code(json const& content, CodeRef code) {
        json body = json::object();
        if (content.contains("Architectures")) body["Architectures"] = content["Architectures"];
        unit_.steps.push_back(
            {.kind = Step::Kind::kUpdate,
             .what = "code of $LATEST",
             .changes = {{"/CodeSha256", latest_.value("CodeSha256", ""), code.sha256}},
             .method = "PUT",
             .target = function_path(kFunctionsDate, unit_.function, "/code"),
             .body = std::move(body),
             .code = std::move(code),
             .code_at = "/ZipFile",
             .settle = kLatest,
             .vital = true});
    }

    void update_configuration(json const& content) {
        auto body = configuration_change(latest_, content);
        if (body.empty()) return;
        auto from = latest_, to = content;
        for (auto const* const member : {"CodeSha256", "Architectures"}) {
            from.erase(member);
            to.erase(member);
        }
        unit_.steps.push_back(
            {.kind = Step::Kind::kUpdate,
             .what = "configuration of $LATEST",
             .changes = differences(from, to),
             .method = "PUT",
             .target = function_path(kFunctionsDate, unit_.function, "/configuration"),
             .body = std::move(body),
             .settle = kLatest,
             .vital = true});
    }

    void remove_fillers() {
        for (auto const number : fillers_) {
            unit_.steps.push_back({.kind = Step::Kind::kRemove,
                                   .what = fmt::format("version {}, a filler", number),
                                   .method = "DELETE",
                                   .target = function_path(kFunctionsDate, unit_.function, "") +
                                             qualifier_query(std::to_string(number))});
        }
    }

    FunctionRecord wanted_;
    std::optional<FunctionRecord> const& current_;
    FunctionPlanOptions options_;
    Unit unit_;
    json latest_ = nullptr;     // what $LATEST is after the steps so far; null: there is none
    json published_ = nullptr;  // what it was when the newest version was published
    std::uint64_t newest_ = 0;
    std::vector<std::uint64_t> fillers_;
};

}  // namespace

Unit plan_function(FunctionRecord wanted, std::optional<FunctionRecord> const& current,
                   FunctionPlanOptions options) {
    return Planner(std::move(wanted), current, options).plan();
}

}  // namespace meridian::transfer
