#include "policy/document.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/ascii.h"
#include "model/limits.h"
#include "policy/document_rules.h"
#include "policy/json_lists.h"

namespace meridian::policy {

namespace {

using nlohmann::json;
namespace limits = model::limits;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

bool too_deep(std::string_view text) {
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (in_string) {
            if (c == '\\') {
                ++i;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > limits::kPolicyDepthMax) return true;
        } else if ((c == '}' || c == ']') && depth > 0) {
            --depth;
        }
    }
    return false;
}

// A policy's values of conditions may be written as numbers and booleans.
std::vector<std::string> texts_of(json const& value) {
    std::vector<std::string> out;
    for (auto const& item : as_list(value)) {
        out.push_back(item.is_string() ? item.get<std::string>() : item.dump());
    }
    return out;
}

std::string compiled_action(std::string const& text) {
    auto out = lowered(text);
    std::ranges::replace(out, '*', kAnyRun);
    std::ranges::replace(out, '?', kAnyCharacter);
    return out;
}

Result<void> compile_principal(Statement& out, json const& statement) {
    for (auto const* name : {"Principal", "NotPrincipal"}) {
        if (!statement.contains(name)) continue;
        MERIDIAN_TRY(out.principals, PrincipalElement::parse(statement[name]));
        out.not_principal = std::string_view(name) == "NotPrincipal";
    }
    return {};
}

Result<void> compile_conditions(Statement& out, json const& statement, bool variables) {
    if (!statement.contains("Condition")) return {};
    for (auto const& [name, keys] : statement["Condition"].items()) {
        auto const how = parse_operator(name);
        if (!how) continue;  // has no keys, or the document would not have passed
        for (auto const& [key, values] : keys.items()) {
            MERIDIAN_TRY(auto condition,
                         Condition::compile(*how, key, texts_of(values), variables));
            out.conditions.push_back(std::move(condition));
        }
    }
    return {};
}

Result<Statement> compile(json const& statement, bool variables) {
    Statement out;
    out.sid = statement.value("Sid", "");
    out.effect =
        statement["Effect"] == "Allow" ? Statement::Effect::kAllow : Statement::Effect::kDeny;
    MERIDIAN_CHECK(compile_principal(out, statement));
    for (auto const* name : {"Action", "NotAction"}) {
        if (!statement.contains(name)) continue;
        for (auto const& text : texts_of(statement[name]))
            out.actions.push_back(compiled_action(text));
        out.not_action = std::string_view(name) == "NotAction";
    }
    for (auto const* name : {"Resource", "NotResource"}) {
        if (!statement.contains(name)) continue;
        for (auto const& text : texts_of(statement[name])) {
            out.resources.emplace_back(text, TextPattern::Options{.variables = variables});
        }
        out.not_resource = std::string_view(name) == "NotResource";
    }
    MERIDIAN_CHECK(compile_conditions(out, statement, variables));
    return out;
}

Result<void> check(DocumentKind kind, json const& document) {
    switch (kind) {
        case DocumentKind::kIdentity:
            return check_identity_document(document);
        case DocumentKind::kResource:
            return check_resource_document(document);
        case DocumentKind::kTrust:
            return check_trust_document(document);
    }
    return {};
}

}  // namespace

std::size_t counted_chars(std::string_view text) noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) {
        bool const continues = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
        return !is_space(c) && !continues;
    }));
}

Result<Document> Document::parse(DocumentKind kind, std::string_view text) {
    if (kind == DocumentKind::kTrust && counted_chars(text) > limits::kTrustPolicyCharsMax) {
        return fail(Errc::kLimitExceeded, fmt::format("Cannot exceed quota for ACLSizePerRole: {}",
                                                      limits::kTrustPolicyCharsMax));
    }
    auto const document = text.size() > limits::kPolicyBytesMax || too_deep(text)
                              ? json(json::value_t::discarded)
                              : json::parse(text, nullptr, false);
    if (document.is_discarded()) {
        return fail(Errc::kMalformedPolicyDocument, kind == DocumentKind::kTrust
                                                        ? "This policy contains invalid Json"
                                                        : "Syntax errors in policy.");
    }
    MERIDIAN_CHECK(check(kind, document));
    Document out;
    bool const variables = document.value("Version", "") == "2012-10-17";
    for (auto const& statement : as_list(document["Statement"])) {
        MERIDIAN_TRY(auto compiled, compile(statement, variables));
        out.statements_.push_back(std::move(compiled));
    }
    out.mentions_resource_tags_ = lowered(text).find("aws:resourcetag/") != std::string::npos;
    return out;
}

}  // namespace meridian::policy
