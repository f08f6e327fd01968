#pragma once
// Layers and their versions as the Store's JSON values.
//
//   layer    {"format":1, "last_version":N}     while a version is live; the same is its epitaph,
//   so
//                                               that no number is ever used again
//   version  {"format":1, "code":{"sha256":…, "size_bytes":N}, "description":…, "created_us":T,
//             "compatible_runtimes":[…], "compatible_architectures":[…], "license_info":…,
//             "policy":TEXT, "policy_revision":…}     the last five only where there is one
//
// Pure functions; any thread.

#include <optional>

#include <nlohmann/json.hpp>

#include "base/json_writer.h"
#include "base/result.h"
#include "model/layer.h"
#include "store/store.h"

namespace meridian::control {

// Who besides its account may use a layer version.
struct LayerPolicy {
    nlohmann::ordered_json document;
    model::RevisionId revision;
};

struct LayerVersionRecord {
    model::LayerVersion version;
    std::optional<LayerPolicy> policy = {};
};

struct LayerCodec {
    using Value = std::uint64_t;  // the highest number ever published
    static constexpr store::Kind kKind = store::Kind::kLayer;
    [[nodiscard]] static nlohmann::json to_json(Value const& last_version);
    [[nodiscard]] static Result<Value> from_record(store::Key const& key,
                                                   nlohmann::json const& value);
};

struct LayerVersionCodec {
    using Value = LayerVersionRecord;
    static constexpr store::Kind kKind = store::Kind::kLayerVersion;
    [[nodiscard]] static nlohmann::json to_json(Value const& value);
    [[nodiscard]] static Result<Value> from_record(store::Key const& key,
                                                   nlohmann::json const& value);
};

[[nodiscard]] std::string layer_version_prefix(std::string const& layer);
[[nodiscard]] std::string layer_version_key_id(std::string const& layer, std::uint64_t number);

// What a function's record says of a layer it uses:
// {"account":…, "layer":…, "version":N, "sha256":…, "size_bytes":N}
void write_reference(JsonWriter& out, model::LayerReference const& reference);
// Throws nlohmann's exceptions: for use within guarded().
[[nodiscard]] model::LayerReference reference_from_json(nlohmann::json const& value);

}  // namespace meridian::control
