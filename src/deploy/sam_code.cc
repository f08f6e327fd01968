#include <fmt/format.h>

#include "deploy/sam_parts.h"
#include "deploy/template_functions.h"

namespace meridian::deploy {
namespace {

// s3://bucket/key, s3://bucket/key?versionId=x
Result<TemplateNode> s3_location(TemplateNode const& uri) {
    std::string_view rest = std::string_view(uri.text).substr(5);
    auto const slash = rest.find('/');
    if (slash == std::string_view::npos || slash == 0 || slash + 1 == rest.size())
        return fail_at(uri.mark, fmt::format("{} is no s3://bucket/key", uri.text));
    auto out = TemplateNode::map(uri.mark);
    out.set("S3Bucket", TemplateNode::string(std::string(rest.substr(0, slash)), uri.mark));
    rest.remove_prefix(slash + 1);
    constexpr std::string_view kVersionQuery = "?versionId=";
    if (auto const version = rest.find(kVersionQuery); version != std::string_view::npos) {
        out.set("S3ObjectVersion",
                TemplateNode::string(std::string(rest.substr(version + kVersionQuery.size())),
                                     uri.mark));
        rest = rest.substr(0, version);
    }
    out.set("S3Key", TemplateNode::string(std::string(rest), uri.mark));
    return out;
}

}  // namespace

TemplateNode local_code_node(std::string path, std::string_view build_method, Mark mark) {
    // A finished package is taken as it is.
    bool const package = path.ends_with(".zip") || path.ends_with(".jar");
    auto out = TemplateNode::map(mark);
    out.set("LocalPath", TemplateNode::string(std::move(path), mark));
    if (!package && !build_method.empty())
        out.set("BuildMethod", TemplateNode::string(std::string(build_method), mark));
    return out;
}

Result<TemplateNode> code_location(TemplateNode const& uri, std::string_view build_method) {
    if (uri.intrinsic() != nullptr)
        return fail_at(uri.mark, "where code lies cannot depend on a resource");
    if (uri.is_map()) {
        auto out = TemplateNode::map(uri.mark);
        for (auto const& entry : uri.entries) {
            if (entry.key != "Bucket" && entry.key != "Key" && entry.key != "Version")
                return fail_at(
                    entry.mark,
                    fmt::format("code in S3 is Bucket, Key and Version, not {}", entry.key));
            out.set(entry.key == "Version" ? "S3ObjectVersion" : "S3" + entry.key, entry.value);
        }
        if (out.find("S3Bucket") == nullptr || out.find("S3Key") == nullptr)
            return fail_at(uri.mark, "code in S3 needs Bucket and Key");
        return out;
    }
    MERIDIAN_TRY(auto const path, text_of(uri, "where code lies"));
    if (path.starts_with("s3://")) return s3_location(uri);
    if (path.empty()) return fail_at(uri.mark, "where code lies is empty");
    return local_code_node(path, build_method, uri.mark);
}

Result<TemplateNode> tag_list(TemplateNode const* tags, Mark mark, bool created_by_sam) {
    auto out = TemplateNode::list({}, tags == nullptr ? mark : tags->mark);
    auto const add = [&](std::string key, TemplateNode value) {
        auto tag = TemplateNode::map(value.mark);
        tag.set("Key", TemplateNode::string(std::move(key), value.mark));
        tag.set("Value", std::move(value));
        out.items.push_back(std::move(tag));
    };
    if (tags != nullptr) {
        for (auto const& entry : tags->entries) {
            if (entry.key == "lambda:createdBy")
                return fail_at(entry.mark, "the tag lambda:createdBy is SAM's own");
            add(entry.key, entry.value);
        }
    }
    if (created_by_sam) add("lambda:createdBy", TemplateNode::string("SAM", mark));
    return out;
}

}  // namespace meridian::deploy
