#include "wire/api_model.h"

#include <cstdlib>
#include <set>

#include <gtest/gtest.h>

#include "wire/pattern.h"

namespace meridian::wire {
namespace {

TEST(ApiModel, HasEveryOperationOfTheThreeServices) {
    std::size_t counts[3] = {};
    std::size_t index = 0;
    for (auto const& operation : operations()) {
        ++counts[static_cast<std::size_t>(operation.service)];
        EXPECT_EQ(static_cast<std::size_t>(operation.id), index++);
        EXPECT_EQ(&wire::operation(operation.id), &operation);
    }
    EXPECT_EQ(counts[0], 85u);
    EXPECT_EQ(counts[1], 176u);
    EXPECT_EQ(counts[2], 11u);
    EXPECT_EQ(operations().size(), kOperationCount);
    EXPECT_EQ(signing_name(Service::kIam), "iam");
    EXPECT_EQ(service_of_signing_name("sts"), Service::kSts);
    EXPECT_EQ(service_of_signing_name("s3"), std::nullopt);
    EXPECT_EQ(api_version(Service::kLambda), "2015-03-31");
    EXPECT_EQ(xml_namespace(Service::kIam), "https://iam.amazonaws.com/doc/2010-05-08/");
}

// The request line that a client would send for the operation, with each label as `value`.
std::string path_of(Operation const& operation, std::string const& value) {
    std::string path(operation.path);
    for (auto open = path.find('{'); open != std::string::npos; open = path.find('{')) {
        path.replace(open, path.find('}') - open + 1, value);
    }
    return path;
}

TEST(ApiModel, RoutesEveryOperationToItself) {
    for (auto const& operation : operations()) {
        if (operation.service != Service::kLambda) continue;
        SCOPED_TRACE(operation.name);
        for (auto const* const value :
             {"name", "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Aname",
              "functions"}) {
            for (auto const* const end : {"", "/"}) {
                auto const path = path_of(operation, value) + end;
                auto const match = find_route(operation.method, path, operation.query);
                ASSERT_TRUE(match.has_value()) << match.error().message;
                EXPECT_EQ(match->operation, &operation);
                for (std::size_t i = 0; i < match->label_count; ++i)
                    EXPECT_EQ(match->labels[i].encoded, value);
            }
        }
    }
}

TEST(ApiModel, TellsSiblingsApartByALiteralParameter) {
    auto const name = [](std::string_view path, std::string_view query) {
        auto const match = find_route("GET", path, query);
        return match ? match->operation->name : std::string_view("none");
    };
    EXPECT_EQ(name("/2018-10-31/layers", ""), "ListLayers");
    EXPECT_EQ(name("/2018-10-31/layers", "find=LayerVersion&Arn=x"), "GetLayerVersionByArn");
    EXPECT_EQ(name("/2018-10-31/layers", "Arn=x&find=LayerVersion"), "GetLayerVersionByArn");
    EXPECT_EQ(name("/2018-10-31/layers", "find=Something"), "ListLayers");
    EXPECT_EQ(name("/2019-09-30/functions/f/provisioned-concurrency", "Qualifier=1"),
              "GetProvisionedConcurrencyConfig");
    EXPECT_EQ(name("/2019-09-30/functions/f/provisioned-concurrency", "List=ALL"),
              "ListProvisionedConcurrencyConfigs");
}

TEST(ApiModel, RefusesWhatIsNoRoute) {
    struct {
        char const *method, *path;
    } const cases[] = {
        {"GET", "/"},
        {"GET", ""},
        {"GET", "*"},
        {"GET", "/2015-03-31"},
        {"PATCH", "/2015-03-31/functions"},
        {"GET", "/2015-03-31/functions//configuration"},
        {"GET", "/2016-03-31/functions"},
        {"POST", "/2015-03-31/functions/f/invocations/more"},
        {"POST", "2015-03-31/functions"},
        {"GET", "/a/b/c/d/e/f/g/h/i/j/k/l/m"},
    };
    for (auto const& c : cases) {
        auto const match = find_route(c.method, c.path, "");
        ASSERT_FALSE(match.has_value()) << c.path;
        EXPECT_EQ(match.error().code, Errc::kUnknownOperation);
    }
    auto const strange = find_route("GET", "/\xff" + std::string(10'000, 'x'), "");
    EXPECT_LT(strange.error().message.size(), 1'000u);
}

TEST(ApiModel, FindsActionsOfTheirServiceOnly) {
    ASSERT_NE(find_action(Service::kIam, "CreateRole"), nullptr);
    EXPECT_EQ(find_action(Service::kIam, "CreateRole")->id, OperationId::kIamCreateRole);
    EXPECT_EQ(find_action(Service::kSts, "CreateRole"), nullptr);
    EXPECT_EQ(find_action(Service::kSts, "GetCallerIdentity")->result_wrapper,
              "GetCallerIdentityResult");
    EXPECT_EQ(find_action(Service::kIam, ""), nullptr);
}

TEST(ApiModel, KeepsTheModelsShapes) {
    auto const* const create = find_shape(Service::kLambda, "CreateFunctionRequest");
    ASSERT_NE(create, nullptr);
    auto const name = members(*create)[0];
    EXPECT_EQ(name.name, "FunctionName");
    EXPECT_TRUE(name.required);
    EXPECT_EQ(find_shape(Service::kSts, "CreateFunctionRequest"), nullptr);
    auto const architectures = enum_values(*find_shape(Service::kLambda, "Architecture"));
    EXPECT_EQ(std::vector<std::string_view>(architectures.begin(), architectures.end()),
              (std::vector<std::string_view>{"x86_64", "arm64"}));
    EXPECT_TRUE(find_shape(Service::kLambda, "EnvironmentVariables")->sensitive);
}

TEST(ApiModel, TablesAreWhatTheGeneratorMakes) {
    auto const* const command = "python3 " MERIDIAN_SOURCE_DIR "/tools/update-model check";
    EXPECT_EQ(std::system(command), 0) << command;
}

TEST(Pattern, EveryOneCompiles) {
    for (std::size_t i = 1; i <= patterns().size(); ++i) {
        (void)matches_pattern(static_cast<std::uint16_t>(i), "x");
    }
    EXPECT_GT(patterns().size(), 90u);
}

std::uint16_t pattern_of(Service service, std::string_view shape_name) {
    auto const* const found = find_shape(service, shape_name);
    return found == nullptr ? 0 : found->pattern;
}

// The patterns that were rewritten because RE2 has no lookaround, and some of the others.
TEST(Pattern, MatchesAsTheModelMeansIt) {
    struct {
        Service service;
        char const* shape;
        std::string value;
        bool matches;
    } const cases[] = {
        {Service::kLambda, "Alias", "prod", true},
        {Service::kLambda, "Alias", "1a", true},
        {Service::kLambda, "Alias", "a1", true},
        {Service::kLambda, "Alias", "-", true},
        {Service::kLambda, "Alias", "123", false},
        {Service::kLambda, "Alias", "", false},
        {Service::kLambda, "Alias", "a b", false},
        {Service::kLambda, "FunctionUrlQualifier", "12", false},
        {Service::kLambda, "FunctionUrlQualifier", "12b", true},
        {Service::kLambda, "TagKey", std::string(1'000'000, 'x'), true},
        {Service::kLambda, "FunctionName", "my-function", true},
        {Service::kLambda, "FunctionName", "arn:aws:lambda:us-east-1:123456789012:function:f",
         true},
        {Service::kLambda, "FunctionName",
         "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f", true},
        {Service::kLambda, "FunctionName", "my function", false},
        {Service::kLambda, "FunctionName", "f\xff", false},
        {Service::kLambda, "Qualifier", "$LATEST", true},
        {Service::kLambda, "NumericLatestPublishedOrAliasQualifier", "$LATEST.PUBLISHED", true},
        {Service::kLambda, "Qualifier", "a.b", false},
        {Service::kLambda, "RoleArn", "arn:aws:iam::123456789012:role/service-role/x", true},
        {Service::kLambda, "RoleArn", "lambdarole", false},
        {Service::kLambda, "Handler", "index.handler", true},
        {Service::kLambda, "Handler", "index handler", false},
        {Service::kIam, "roleNameType", "a+=,.@_-Z9", true},
        {Service::kIam, "roleNameType", "a/b", false},
        {Service::kIam, "pathType", "/", true},
        {Service::kIam, "pathType", "/a/b/", true},
        {Service::kIam, "pathType", "/a", false},
        {Service::kIam, "tagKeyType", "gr\xc3\xbc\xc3\x9f dich", true},
        {Service::kIam, "tagKeyType", "a\nb", false},
    };
    for (auto const& c : cases) {
        auto const pattern = pattern_of(c.service, c.shape);
        ASSERT_NE(pattern, 0) << c.shape;
        EXPECT_EQ(matches_pattern(pattern, c.value), c.matches)
            << c.shape << " '" << c.value.substr(0, 80) << "' against " << pattern_text(pattern);
    }
}

}  // namespace
}  // namespace meridian::wire
