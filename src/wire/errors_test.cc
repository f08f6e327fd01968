#include "wire/errors.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace meridian::wire {
namespace {

std::vector<Errc> every_code() {
    std::vector<Errc> codes;
    for (int i = 0; i <= static_cast<int>(Errc::kInternal); ++i)
        codes.push_back(static_cast<Errc>(i));
    return codes;
}

ErrorShape const* model_shape(Service service, std::string_view name_or_code) {
    for (auto const& shape : error_shapes()) {
        if (shape.service == service && (shape.name == name_or_code || shape.code == name_or_code))
            return &shape;
    }
    return nullptr;
}

TEST(Errors, AgreeWithTheApiModel) {
    int compared = 0;
    for (auto const code : every_code()) {
        auto const form = error_form(Service::kLambda, code);
        auto const* const shape = model_shape(Service::kLambda, form.name);
        if (shape == nullptr || code == Errc::kInvalidParameterValueWithoutType ||
            code == Errc::kResourceNotFoundWithoutType)
            continue;
        SCOPED_TRACE(form.name);
        ++compared;
        EXPECT_EQ(form.status, shape->status);
        EXPECT_EQ(form.message_key, shape->message_key);
        EXPECT_EQ(form.fault == ErrorForm::Fault::kUser, shape->sender_fault);
    }
    EXPECT_GE(compared, 12);
    for (auto const code : every_code()) {
        auto const form = error_form(Service::kIam, code);
        auto const* const shape = model_shape(Service::kIam, form.name);
        if (shape == nullptr) continue;
        EXPECT_EQ(form.status, shape->status) << form.name;
        ++compared;
    }
    EXPECT_GE(compared, 20);
}

TEST(Errors, OfLambdasFrontEndAreInNoModel) {
    std::set<std::string_view> const front_end = {"ValidationException",
                                                  "SerializationException",
                                                  "RequestEntityTooLargeException",
                                                  "AccessDeniedException",
                                                  "MissingAuthenticationTokenException",
                                                  "IncompleteSignatureException",
                                                  "UnrecognizedClientException",
                                                  "InvalidSignatureException",
                                                  "ExpiredTokenException",
                                                  "UnknownOperationException",
                                                  "NotImplementedException"};
    for (auto const code : every_code()) {
        auto const form = error_form(Service::kLambda, code);
        EXPECT_EQ(model_shape(Service::kLambda, form.name) == nullptr,
                  front_end.contains(form.name))
            << form.name;
    }
}

TEST(Errors, HaveLambdasForms) {
    struct {
        Error error;
        int status;
        char const *type, *body;
    } const cases[] = {
        {{Errc::kResourceNotFound, "Function not found: arn"},
         404,
         "ResourceNotFoundException",
         R"({"Type":"User","Message":"Function not found: arn"})"},
        {{Errc::kValidation, "1 validation error detected: \"x\""},
         400,
         "ValidationException",
         R"({"message":"1 validation error detected: \"x\""})"},
        {{Errc::kTooManyRequests, "Rate Exceeded.",
          "ReservedFunctionConcurrentInvocationLimitExceeded"},
         429,
         "TooManyRequestsException",
         R"({"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."})"},
        {{Errc::kInvalidSignature, "wrong"},
         403,
         "InvalidSignatureException",
         R"({"message":"wrong"})"},
        {{Errc::kAccessDenied, "no"}, 403, "AccessDeniedException", R"({"Message":"no"})"},
        {{Errc::kResourceConflict, "exists"},
         409,
         "ResourceConflictException",
         R"({"Type":"User","message":"exists"})"},
        {{Errc::kIo, "/secret/path: no space"},
         500,
         "ServiceException",
         R"({"Type":"Service","Message":"The service encountered an internal error."})"},
        {not_implemented(operation(OperationId::kLambdaCreateAlias)), 501,
         "NotImplementedException",
         R"({"Type":"Service","Message":"The operation CreateAlias exists on AWS; this version of Meridian does not have it."})"},
    };
    for (auto const& c : cases) {
        SCOPED_TRACE(c.type);
        auto const response = encode_error(Service::kLambda, c.error, model::RequestId{"the-id"});
        EXPECT_EQ(response.status, c.status);
        EXPECT_EQ(response.headers.get("x-amzn-errortype"), c.type);
        EXPECT_EQ(response.headers.get("x-amzn-RequestId"), "the-id");
        EXPECT_EQ(response.body, c.body);
        EXPECT_NO_THROW((void)nlohmann::json::parse(response.body));
    }
}

TEST(Errors, HaveTheQueryForm) {
    auto const response = encode_error(
        Service::kIam, {Errc::kNoSuchEntity, "The role <x> & \"y\"", {}}, model::RequestId{"id"});
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(response.headers.get("content-type"), "text/xml");
    EXPECT_EQ(
        response.body,
        "<ErrorResponse "
        "xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>"
        "<Code>NoSuchEntity</Code><Message>The role &lt;x&gt; &amp; &quot;y&quot;</Message></Error>"
        "<RequestId>id</RequestId></ErrorResponse>");
    auto const inside =
        encode_error(Service::kSts, {Errc::kInternal, "a bug in x.cc", {}}, model::RequestId{"id"});
    EXPECT_EQ(inside.status, 500);
    EXPECT_NE(inside.body.find("<Type>Receiver</Type>"), std::string::npos);
    EXPECT_EQ(inside.body.find("x.cc"), std::string::npos);
    auto const strange =
        encode_error(Service::kIam, {Errc::kValidation, std::string("\x01\xff\0", 3), {}},
                     model::RequestId{"id"});
    EXPECT_NE(strange.body.find("<Message>\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD</Message>"),
              std::string::npos);
}

}  // namespace
}  // namespace meridian::wire
