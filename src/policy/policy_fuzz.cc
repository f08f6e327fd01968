// Any text as a policy document of each kind. What is taken for one is evaluated: nobody gets
// anything from a document without an Allow, and a Deny of everything beside it wins.

#include <cstdlib>
#include <string_view>

#include "policy/evaluate.h"

namespace {

using namespace meridian::policy;

bool allows_something(Document const& document) {
    for (auto const& statement : document.statements()) {
        if (statement.effect == Statement::Effect::kAllow) return true;
    }
    return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    static auto const deny = *Document::parse(
        DocumentKind::kIdentity,
        R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}})");
    Principal const who{.kind = Principal::Kind::kAssumedRole,
                        .account = "123456789012",
                        .arn = "arn:aws:sts::123456789012:assumed-role/r/s",
                        .role_arn = "arn:aws:iam::123456789012:role/r"};
    RequestContext context;
    context.add("aws:username", "alice");
    context.add("aws:sourceip", "127.0.0.1");
    context.add("aws:currenttime", "2026-01-01T00:00:00Z");
    context.add("aws:tagkeys", "a");
    context.add("aws:tagkeys", "b");
    Request const request{.principal = who,
                          .action = "lambda:InvokeFunction",
                          .resource = "arn:aws:lambda:us-east-1:123456789012:function:f",
                          .resource_account = "123456789012",
                          .context = context};
    for (auto const kind :
         {DocumentKind::kIdentity, DocumentKind::kResource, DocumentKind::kTrust}) {
        auto const document = Document::parse(kind, text);
        if (!document) continue;
        Document const* const own[] = {&*document};
        Document const* const with_deny[] = {&*document, &deny};
        Policies policies;
        (kind == DocumentKind::kIdentity ? policies.identity : policies.resource) = own;
        if (evaluate(request, policies).allowed() && !allows_something(*document)) std::abort();
        if (kind != DocumentKind::kIdentity) continue;
        if (evaluate(request, {.identity = with_deny}).allowed()) std::abort();
    }
    return 0;
}
