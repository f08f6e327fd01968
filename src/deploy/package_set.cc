#include "deploy/package_set.h"

#include <fmt/format.h>

#include "crypto/sha256.h"
#include "deploy/property_table.h"
#include "deploy/reproducible_zip.h"
#include "model/limits.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

// CloudFormation: AWS::Lambda::Function Code, ZipFile ("up to 4 MB").
constexpr std::size_t kInlineBytesMax = 4 * 1024 * 1024;

std::string text_of(json const& object, char const* member) {
    auto const found = object.find(member);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// As CloudFormation names the file: index.py, index.js.
Result<std::string> inline_package(json const& properties, std::string const& text) {
    auto const runtime = text_of(properties, "Runtime");
    std::string name;
    if (runtime.starts_with("python")) name = "index.py";
    if (runtime.starts_with("nodejs")) name = "index.js";
    if (name.empty()) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("ZipFile is for Node.js and Python; the runtime is {}.",
                                runtime.empty() ? "not given" : runtime));
    }
    if (text.size() > kInlineBytesMax) {
        return fail(
            Errc::kInvalidParameterValue,
            fmt::format("ZipFile has {} bytes; {} are the most.", text.size(), kInlineBytesMax));
    }
    return make_package({{.name = std::move(name), .bytes = text}});
}

// A function's own; a layer's first.
std::string runtime_of(StackResource const& resource) {
    auto own = text_of(resource.properties, "Runtime");
    auto const of_layer = resource.properties.find("CompatibleRuntimes");
    bool const named = of_layer != resource.properties.end() && of_layer->is_array() &&
                       !of_layer->empty() && of_layer->front().is_string();
    return own.empty() && named ? of_layer->front().get<std::string>() : own;
}

Error at(SourceMark const& mark, Error error) {
    error.message = fmt::format("{}: {}", describe(mark), error.message);
    return error;
}

}  // namespace

io::Task<PackagedStack> package_stack(Stack stack, Builder& builder) {
    PackagedStack out{.stack = std::move(stack)};
    std::map<std::string, std::string> built;  // what was asked → CodeSha256
    for (auto& resource : out.stack.resources) {
        auto const* const member = resource.type == "AWS::Lambda::Function"       ? "Code"
                                   : resource.type == "AWS::Lambda::LayerVersion" ? "Content"
                                                                                  : nullptr;
        if (member == nullptr || !resource.properties.contains(member)) continue;
        auto& code = resource.properties[member];
        if (!code.is_object() || is_reference(code)) {
            co_return std::unexpected(at(
                resource.mark,
                {Errc::kInvalidParameterValue, fmt::format("{} must be an object.", member), {}}));
        }
        if (code.contains("S3Bucket")) continue;
        if (code.contains("ImageUri")) {
            co_return std::unexpected(
                at(resource.mark, {Errc::kInvalidParameterValue,
                                   "Container images are not supported by this version of "
                                   "Meridian.",
                                   {}}));
        }
        std::string hash;
        Result<std::string> zip =
            fail(Errc::kInvalidParameterValue,
                 fmt::format("{} says neither a local path nor ZipFile nor S3Bucket.", member));
        std::string key;
        if (code.contains("LocalPath")) {
            BuildRequest request{.logical_id = resource.logical_id,
                                 .type = resource.type,
                                 .path = text_of(code, "LocalPath"),
                                 .build_method = text_of(code, "BuildMethod"),
                                 .runtime = runtime_of(resource),
                                 .handler = text_of(resource.properties, "Handler")};
            key = fmt::format("{}\n{}\n{}\n{}", request.type, request.path, request.build_method,
                              request.build_method == "makefile" ? request.logical_id : "");
            if (auto const known = built.find(key); known != built.end()) {
                hash = known->second;
            } else {
                zip = co_await builder.build(std::move(request));
            }
        } else if (code.contains("ZipFile") && code["ZipFile"].is_string()) {
            zip = inline_package(resource.properties, code["ZipFile"].get<std::string>());
        }
        if (hash.empty()) {
            if (!zip) co_return std::unexpected(at(resource.mark, zip.error()));
            if (zip->size() > model::limits::kCodeZippedBytesMax) {
                co_return std::unexpected(
                    at(resource.mark, {Errc::kInvalidParameterValue,
                                       fmt::format("The package has {} bytes; {} are the most "
                                                   "that can be uploaded.",
                                                   zip->size(), model::limits::kCodeZippedBytesMax),
                                       {}}));
            }
            hash = crypto::sha256_base64(*zip);
            if (!key.empty()) built[key] = hash;
            out.packages[hash] = std::move(*zip);
        }
        code = {{"CodeSha256", hash}};
    }
    co_return out;
}

}  // namespace meridian::deploy
