#pragma once
// A region's Lambda, IAM and rollouts in memory, for tests: as much of them as the engine uses,
// with AWS's answers for what is there and what is not. It can die at a given call.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/encoding.h"
#include "crypto/sha256.h"
#include "deploy/aws_api.h"
#include "wire/uri.h"

namespace meridian::deploy {

// What the regions of one account share.
struct FakeAccount {
    std::map<std::string, nlohmann::json> roles;  // by name; "Inline" and "Attached" inside
};

// Counts calls over all regions; from the one on that `dies_at` names, nothing answers.
struct FakeFate {
    std::size_t calls = 0;
    std::size_t dies_at = SIZE_MAX;
};

class FakeAwsApi final : public AwsApi {
  public:
    FakeAwsApi(std::string region, FakeAccount& account, FakeFate& fate)
        : region_(std::move(region)), account_(account), fate_(fate) {}

    struct Function {
        nlohmann::json configuration;
        std::map<std::string, nlohmann::json> versions = {};
        std::map<std::string, nlohmann::json> aliases = {};
        nlohmann::json policy = nlohmann::json::array();
        bool changed = true;  // since the last version
    };
    std::map<std::string, Function> functions;
    std::map<std::string, nlohmann::json> stacks;
    std::map<std::string, nlohmann::json> rollouts;
    std::map<std::string, std::string> packages;
    std::vector<std::string> log;  // "PUT /2015-03-31/functions/f/aliases/live"
    // Refuses calls whose log line contains it; empty: none.
    std::string refuses = {};
    bool is_down = false;
    // What an invoked function answers: called with its name and payload.
    std::function<void(std::string const&, nlohmann::json const&)> on_invoke;

    [[nodiscard]] std::string const& region() const noexcept override { return region_; }

    io::Task<AwsAnswer> rest(std::string service, std::string method, std::string target,
                             nlohmann::json body = nullptr) override {
        if (auto const dead = live(); !dead) co_return std::unexpected(dead.error());
        auto const query = target.find('?');
        auto const path = target.substr(0, query);
        std::string qualifier;
        if (query != std::string::npos) {
            for (auto const& [name, value] :
                 wire::split_query(std::string_view(target).substr(query + 1))) {
                if (name == "Qualifier") qualifier = wire::percent_decoded_text(value);
            }
        }
        auto const line = method + " " + target;
        if (method != "GET") log.push_back(line);
        if (method != "GET" && !refuses.empty() && line.contains(refuses))
            co_return error(400, "InvalidParameterValueException", "refused by the test");
        std::vector<std::string> parts;
        for (std::size_t at = 1; at <= path.size();) {
            auto const end = std::min(path.find('/', at), path.size());
            parts.push_back(wire::percent_decoded_text(path.substr(at, end - at)));
            at = end + 1;
        }
        if (service == "meridian") co_return meridian(method, parts, body);
        if (parts.size() >= 2 && parts[1] == "functions")
            co_return lambda(method, parts, qualifier, body);
        co_return error(501, "NotImplemented", path);
    }

    io::Task<AwsAnswer> query(std::string, std::string action, nlohmann::json input) override {
        if (auto const dead = live(); !dead) co_return std::unexpected(dead.error());
        co_return iam(action, input);
    }

    io::Task<std::string> download(std::string url) override {
        if (auto const dead = live(); !dead) co_return std::unexpected(dead.error());
        co_return packages.at(url.substr(url.find(':') + 1));
    }

  private:
    using json = nlohmann::json;

    Result<void> live() {
        if (is_down || fate_.calls >= fate_.dies_at)
            return fail(Errc::kUnavailable, region_ + " does not answer");
        ++fate_.calls;
        return {};
    }

    static AwsAnswer ok(json body = json::object()) {
        return {.status = 200, .body = std::move(body)};
    }
    static AwsAnswer error(int status, std::string type, std::string message) {
        return {.status = status, .body = {{"Message", message}}, .error_type = std::move(type)};
    }
    static AwsAnswer absent() { return error(404, "ResourceNotFoundException", "not there"); }

    std::string arn(std::string const& name) const {
        return fmt::format("arn:aws:lambda:{}:123456789012:function:{}", region_, name);
    }

    void take_code(Function& function, json const& code) {
        auto const bytes = from_base64(code.value("ZipFile", "")).value_or("");
        auto const hash = crypto::sha256_base64(bytes);
        packages[hash] = bytes;
        if (function.configuration.value("CodeSha256", "") != hash) function.changed = true;
        function.configuration["CodeSha256"] = hash;
    }

    AwsAnswer create(json body) {
        auto const name = body.value("FunctionName", "");
        if (functions.contains(name))
            return error(409, "ResourceConflictException", "Function already exist: " + name);
        if (!body.value("Role", "").starts_with("arn:"))
            return error(400, "InvalidParameterValueException", "no role");
        auto& function = functions[name];
        auto const code = body["Code"];
        body.erase("Code");
        function.configuration = std::move(body);
        function.configuration["FunctionArn"] = arn(name);
        take_code(function, code);
        return ok(function.configuration);
    }

    AwsAnswer lambda(std::string const& method, std::vector<std::string> const& parts,
                     std::string const& qualifier, json const& body) {
        if (parts.size() == 2) return create(body);
        auto const& name = parts[2];
        auto const found = functions.find(name);
        if (found == functions.end()) return absent();
        auto& function = found->second;
        auto const what = parts.size() > 3 ? parts[3] : std::string();
        if (what == "aliases") return alias(function, method, parts, body);
        if (what == "policy") return policy(function, method, parts, body);
        if (what == "invocations") {
            if (on_invoke) on_invoke(name, body);
            return ok(nullptr);
        }
        if (what == "versions") return publish(function, body);
        if (what == "code") {
            take_code(function, body);
            return ok(function.configuration);
        }
        if (what == "configuration" && method == "PUT") {
            function.configuration.update(body);
            function.changed = true;
            return ok(function.configuration);
        }
        if (what == "concurrency" || what == "recursion-config" ||
            what == "runtime-management-config")
            return method == "GET" ? absent() : ok();
        if (what == "code-signing-config" || what == "provisioned-concurrency") return absent();
        json configuration = function.configuration;
        if (!qualifier.empty()) {
            auto const version = function.versions.find(qualifier);
            if (version == function.versions.end()) return absent();
            configuration = version->second;
        }
        if (what == "configuration") return ok(configuration);
        if (method == "DELETE") {
            if (qualifier.empty())
                functions.erase(name);
            else
                function.versions.erase(qualifier);
            return ok();
        }
        return ok({{"Configuration", configuration},
                   {"Tags", configuration.value("Tags", json::object())},
                   {"Code", {{"Location", "fake:" + configuration.value("CodeSha256", "")}}}});
    }

    AwsAnswer publish(Function& function, json const& body) {
        if (body.contains("CodeSha256") &&
            body["CodeSha256"] != function.configuration["CodeSha256"])
            return error(400, "InvalidParameterValueException", "another code");
        auto const number = function.configuration.value("Last", 0);
        if (!function.changed && function.versions.contains(std::to_string(number)))
            return ok(function.versions[std::to_string(number)]);
        function.changed = false;
        function.configuration["Last"] = number + 1;
        auto version = function.configuration;
        version["Version"] = std::to_string(number + 1);
        version["FunctionArn"] = function.configuration["FunctionArn"].get<std::string>() + ":" +
                                 std::to_string(number + 1);
        function.versions[std::to_string(number + 1)] = version;
        return ok(version);
    }

    AwsAnswer alias(Function& function, std::string const& method,
                    std::vector<std::string> const& parts, json const& body) {
        auto const name = parts.size() > 4 ? parts[4] : body.value("Name", "");
        auto const found = function.aliases.find(name);
        if (method == "POST") {
            if (found != function.aliases.end())
                return error(409, "ResourceConflictException", "Alias already exists");
            auto made = body;
            made["AliasArn"] =
                function.configuration["FunctionArn"].get<std::string>() + ":" + name;
            if (made.contains("RoutingConfig") && made["RoutingConfig"].empty())
                made.erase("RoutingConfig");
            function.aliases[name] = made;
            return ok(made);
        }
        if (found == function.aliases.end()) return absent();
        if (method == "DELETE") {
            function.aliases.erase(found);
            return ok();
        }
        if (method == "PUT") {
            if (body.contains("FunctionVersion") &&
                !function.versions.contains(body["FunctionVersion"].get<std::string>()))
                return absent();
            found->second.update(body);
            auto const routing = found->second.value("RoutingConfig", json());
            if (routing.is_object() && routing.value("AdditionalVersionWeights", json()).empty())
                found->second.erase("RoutingConfig");
        }
        return ok(found->second);
    }

    static AwsAnswer policy(Function& function, std::string const& method,
                            std::vector<std::string> const& parts, json const& body) {
        if (method == "GET") {
            if (function.policy.empty()) return absent();
            return ok({{"Policy", json{{"Statement", function.policy}}.dump()}});
        }
        if (method == "POST") {
            function.policy.push_back({{"Sid", body["StatementId"]},
                                       {"Action", body["Action"]},
                                       {"Principal", {{"Service", body["Principal"]}}}});
            return ok();
        }
        json kept = json::array();
        for (auto const& statement : function.policy) {
            if (statement["Sid"] != parts[4]) kept.push_back(statement);
        }
        function.policy = kept;
        return ok();
    }

    AwsAnswer iam(std::string const& action, json const& input) {
        auto const name = input.value("RoleName", "");
        if (action == "GetCallerIdentity") return ok({{"Account", "123456789012"}});
        if (action == "CreateRole") {
            if (account_.roles.contains(name))
                return error(409, "EntityAlreadyExists", name + " already exists");
            account_.roles[name] = {{"Arn", "arn:aws:iam::123456789012:role/" + name},
                                    {"AssumeRolePolicyDocument", input["AssumeRolePolicyDocument"]},
                                    {"Path", input.value("Path", "/")},
                                    {"Tags", input.value("Tags", json::array())}};
            return ok({{"Role", account_.roles[name]}});
        }
        auto const found = account_.roles.find(name);
        if (found == account_.roles.end()) return error(404, "NoSuchEntity", name);
        auto& role = found->second;
        if (action == "GetRole") return ok({{"Role", role}});
        if (action == "DeleteRole") {
            account_.roles.erase(found);
            return ok();
        }
        if (action == "AttachRolePolicy" || action == "DetachRolePolicy") {
            if (action == "AttachRolePolicy")
                role["Attached"][input["PolicyArn"].get<std::string>()] = 1;
            else
                role["Attached"].erase(input["PolicyArn"].get<std::string>());
            return ok();
        }
        if (action == "ListAttachedRolePolicies") {
            json list = json::array();
            for (auto const& [arn, _] : role.value("Attached", json::object()).items())
                list.push_back({{"PolicyArn", arn}});
            return ok({{"AttachedPolicies", list}});
        }
        if (action == "PutRolePolicy") {
            role["Inline"][input["PolicyName"].get<std::string>()] = input["PolicyDocument"];
            return ok();
        }
        if (action == "GetRolePolicy") {
            auto const inline_policies = role.value("Inline", json::object());
            auto const policy = input.value("PolicyName", "");
            if (!inline_policies.contains(policy)) return error(404, "NoSuchEntity", policy);
            return ok({{"PolicyDocument", inline_policies[policy]}});
        }
        return ok();
    }

    AwsAnswer meridian(std::string const& method, std::vector<std::string> const& parts,
                       json const& body) {
        auto const& kind = parts[2];
        auto const id = parts.size() > 3 ? parts[3] : std::string();
        if (kind == "stacks") {
            auto const found = stacks.find(id);
            return found == stacks.end() ? absent() : ok(found->second);
        }
        if (id.empty()) {
            auto& stack = stacks[body["Stack"].get<std::string>()];
            if (stack.is_null()) stack = json::object();
            if (!stack.value("ActiveRollout", "").empty())
                return error(409, "ResourceConflictException", "active");
            stack["ActiveRollout"] = body["Id"];
            auto rollout = body;
            rollout.update({{"Epoch", 1},
                            {"State", "InProgress"},
                            {"AbortRequested", false},
                            {"Hooks", json::object()}});
            rollouts[body["Id"].get<std::string>()] = rollout;
            return ok({{"Epoch", 1}});
        }
        auto const found = rollouts.find(id);
        if (found == rollouts.end()) return absent();
        auto& rollout = found->second;
        auto const what = parts.size() > 4 ? parts[4] : std::string();
        bool const over = rollout["State"] != "InProgress";
        if (what == "packages") {
            auto const hash = to_base64(*from_hex(parts[5]));
            if (method == "PUT") packages[hash] = *from_base64(body["Zip"].get<std::string>());
            if (!packages.contains(hash)) return absent();
            return ok({{"Zip", to_base64(packages[hash])}});
        }
        if (method == "GET") return ok(rollout);
        if (over) return error(409, "ResourceConflictException", id + " is over.");
        if (what == "abort") rollout["AbortRequested"] = true;
        if (what == "lease" && !body.contains("Epoch"))
            rollout["Epoch"] = rollout["Epoch"].get<int>() + 1;
        if (body.is_object() && body.contains("Epoch") && body["Epoch"] != rollout["Epoch"])
            return error(409, "ResourceConflictException", "an older epoch");
        if (what.empty() || what == "steps") {
            for (auto const& [number, step] : body.value("Steps", json::object()).items()) {
                rollout["Steps"].push_back({{"Number", std::stoull(number)}, {"Step", step}});
            }
        }
        if (what.empty()) {
            rollout["State"] = body["State"];
            if (body.contains("Summary")) rollout["Summary"] = body["Summary"];
            for (auto const& [region, part] : body.value("Progress", json::object()).items()) {
                auto& whole = rollout["Record"]["Regions"][region];
                auto const before = whole.value("Work", json::object());
                whole.update(part);
                if (!part.contains("Work")) continue;
                whole["Work"] = before;
                whole["Work"].update(part["Work"]);
            }
            for (auto const& [hook, status] : body.value("Hooks", json::object()).items()) {
                if (!rollout["Hooks"].contains(hook)) rollout["Hooks"][hook] = status;
            }
            auto& stack = stacks[rollout["Stack"].get<std::string>()];
            if (body.contains("StackRecord")) stack["Record"] = body["StackRecord"];
            if (rollout["State"] != "InProgress") stack["ActiveRollout"] = "";
        }
        return ok({{"Epoch", rollout["Epoch"]},
                   {"AbortRequested", rollout["AbortRequested"]},
                   {"Hooks", rollout["Hooks"]}});
    }

    std::string const region_;
    FakeAccount& account_;
    FakeFate& fate_;
};

}  // namespace meridian::deploy
