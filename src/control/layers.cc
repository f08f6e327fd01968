#include "control/layers.h"

#include <algorithm>

#include <fmt/format.h>

#include "control/retry.h"
#include "model/limits.h"
#include "wire/arn.h"
#include "wire/page_marker.h"

namespace meridian::control {

namespace {

constexpr std::string_view kLayerListing = "layers";
constexpr std::string_view kLayerVersionListing = "layer-versions";
constexpr std::size_t kLayerScanPage = 256;

bool holds(std::optional<std::vector<std::string>> const& list,
           std::optional<std::string> const& wanted) {
    return !wanted || (list && std::ranges::find(*list, *wanted) != list->end());
}

bool matches(model::LayerVersion const& version, ListLayersRequest const& request) {
    return holds(version.compatible_runtimes, request.compatible_runtime) &&
           holds(version.compatible_architectures, request.compatible_architecture);
}

}  // namespace

std::string Layers::arn(model::LayerVersionId const& what) const {
    return wire::layer_arn(parts_.region, what);
}

io::Task<> Layers::load() {
    MERIDIAN_CO_TRY(auto const versions, co_await versions_.every(parts_.log));
    code_bytes_.clear();
    for (auto const& stored : versions)
        code_bytes_[stored.key.account] += stored.value.version.code.size_bytes;
    co_return Result<void>{};
}

std::uint64_t Layers::code_bytes(model::AccountId const& account) const {
    auto const found = code_bytes_.find(account);
    return found == code_bytes_.end() ? 0 : found->second;
}

io::Task<std::vector<model::CodeSha256>> Layers::code_in_use() {
    // A record that cannot be read is an error here: it might need any package.
    MERIDIAN_CO_TRY(auto const records, co_await parts_.store.scan_all(store::Kind::kLayerVersion));
    std::vector<model::CodeSha256> used;
    for (auto const& record : records) {
        MERIDIAN_CO_TRY(auto const read, LayerVersionCodec::from_record(record.key, record.value));
        used.push_back(read.version.code.sha256);
    }
    co_return used;
}

io::Task<std::optional<Stored<LayerVersionRecord>>> Layers::find(model::LayerVersionId what) {
    co_return co_await versions_.get(what.account, layer_version_key_id(what.layer, what.number));
}

io::Task<std::vector<Stored<LayerVersionRecord>>> Layers::all_versions(model::AccountId account,
                                                                       std::string layer) {
    std::vector<Stored<LayerVersionRecord>> out;
    std::string after;
    for (;;) {
        MERIDIAN_CO_TRY(auto page, co_await versions_.page(account, layer_version_prefix(layer),
                                                           after, kLayerScanPage));
        auto const size = page.size();
        for (auto& stored : page) out.push_back(std::move(stored));
        if (size < kLayerScanPage) co_return out;
        after = out.back().key.id;
    }
}

io::Task<model::LayerVersion> Layers::publish(Requester who, PublishLayerVersionRequest request) {
    model::LayerVersion version{
        .id = {who.account, request.layer, 0},
        .code = {},
        .description = std::move(request.description),
        .compatible_runtimes = std::move(request.compatible_runtimes),
        .compatible_architectures = std::move(request.compatible_architectures),
        .license_info = std::move(request.license_info)};
    MERIDIAN_CO_TRY(auto package,
                    co_await parts_.packages.take(who.account, std::move(request.package)));
    version.code = package.code;
    co_return co_await retry_conflicts([&] { return try_publish(who, version, package); }, "layer");
}

io::Task<model::LayerVersion> Layers::try_publish(Requester who, model::LayerVersion version,
                                                  TakenPackage package) {
    auto const& layer = version.id.layer;
    auto const key = layers_.key(who.account, layer);
    MERIDIAN_CO_TRY(auto const existing, co_await layers_.get(who.account, layer));
    std::uint64_t last = 0;
    if (existing) {
        last = existing->value;
    } else {
        // Numbers go on where a layer of this name stopped (recorded).
        MERIDIAN_CO_TRY(auto const epitaph, co_await parts_.store.epitaph(key));
        if (epitaph && !epitaph->is_null()) {
            MERIDIAN_CO_TRY(last, LayerCodec::from_record(key, *epitaph));
        }
    }
    version.id.number = last + 1;
    version.created = parts_.clock.wall_now();
    auto const its_key = versions_.key(who.account, layer_version_key_id(layer, version.id.number));
    store::Transaction transaction{
        .caller = who.arn,
        .expectations = {{key, existing ? std::optional(existing->sequence) : std::nullopt},
                         {its_key, std::nullopt}},
        .changes = {{key, LayerCodec::to_json(version.id.number)},
                    {its_key, LayerVersionCodec::to_json({version, std::nullopt})}}};
    package.add_to(transaction);
    MERIDIAN_CO_CHECK(co_await parts_.store.commit(std::move(transaction)));
    code_bytes_[who.account] += version.code.size_bytes;
    co_return version;
}

io::Task<std::optional<model::LayerVersion>> Layers::find_for(Requester who,
                                                              model::LayerVersionId what) {
    MERIDIAN_CO_TRY(auto stored, co_await find(what));
    if (what.account != who.account &&
        (!stored || !stored->value.policy || !allows(*stored->value.policy, who))) {
        co_return fail(
            Errc::kAccessDenied,
            fmt::format("User: {} is not authorized to perform: lambda:GetLayerVersion on "
                        "resource: {} because no resource-based policy allows the "
                        "lambda:GetLayerVersion action",
                        who.arn, arn(what)));
    }
    if (!stored) co_return std::nullopt;
    co_return std::optional(std::move(stored->value.version));
}

io::Task<model::LayerVersion> Layers::get(Requester who, model::LayerVersionId what) {
    MERIDIAN_CO_TRY(auto version, co_await find_for(who, what));
    if (!version)
        co_return fail(Errc::kResourceNotFound, "The resource you requested does not exist.");
    co_return std::move(*version);
}

io::Task<LayerVersionPage> Layers::list(Requester who, ListLayersRequest request) {
    MERIDIAN_CO_TRY(auto const position, wire::read_marker(kLayerListing, request.marker));
    auto const size = wire::page_size(request.max_items, model::limits::kListPageMax);
    LayerVersionPage page;
    auto after = position.after_name;
    for (;;) {
        MERIDIAN_CO_TRY(auto const layers, co_await layers_.page(who.account, "", after, size + 1));
        for (auto const& layer : layers) {
            MERIDIAN_CO_TRY(auto const versions, co_await all_versions(who.account, layer.key.id));
            auto const newest = std::find_if(
                versions.rbegin(), versions.rend(),
                [&](auto const& stored) { return matches(stored.value.version, request); });
            if (newest == versions.rend()) continue;
            if (page.versions.size() == size) {
                page.next_marker =
                    wire::encode_marker(kLayerListing, {page.versions.back().id.layer, 0});
                co_return page;
            }
            page.versions.push_back(newest->value.version);
        }
        if (layers.size() <= size) co_return page;
        after = layers.back().key.id;
    }
}

io::Task<LayerVersionPage> Layers::list_versions(Requester who, std::string layer,
                                                 ListLayersRequest request) {
    MERIDIAN_CO_TRY(auto const position, wire::read_marker(kLayerVersionListing, request.marker));
    auto const size = wire::page_size(request.max_items, model::limits::kListPageMax);
    MERIDIAN_CO_TRY(auto const versions, co_await all_versions(who.account, layer));
    LayerVersionPage page;
    for (auto at = versions.rbegin(); at != versions.rend(); ++at) {
        auto const& version = at->value.version;
        if (position.after_version != 0 && version.id.number >= position.after_version) continue;
        if (!matches(version, request)) continue;
        if (page.versions.size() == size) {
            page.next_marker =
                wire::encode_marker(kLayerVersionListing, {layer, page.versions.back().id.number});
            break;
        }
        page.versions.push_back(version);
    }
    co_return page;
}

io::Task<> Layers::remove(Requester who, model::LayerVersionId what) {
    co_return co_await retry_conflicts([&] { return try_remove(who, what); }, "layer");
}

io::Task<> Layers::try_remove(Requester who, model::LayerVersionId what) {
    MERIDIAN_CO_TRY(auto const layer, co_await layers_.get(who.account, what.layer));
    MERIDIAN_CO_TRY(auto const version, co_await find(what));
    if (!layer || !version) co_return Result<void>{};
    MERIDIAN_CO_TRY(auto const live,
                    co_await versions_.page(who.account, layer_version_prefix(what.layer), "", 2));
    auto const record = LayerCodec::to_json(layer->value);
    // The layer is written in either case: of two that delete its last two versions at once, one
    // looks again.
    store::Write change{layer->key, record};
    if (live.size() == 1) change = {layer->key, std::nullopt, record};
    store::Transaction transaction{
        .caller = who.arn,
        .expectations = {{layer->key, layer->sequence}, {version->key, version->sequence}},
        .changes = {std::move(change), {version->key, std::nullopt}}};
    MERIDIAN_CO_CHECK(co_await parts_.store.commit(std::move(transaction)));
    code_bytes_[who.account] -= version->value.version.code.size_bytes;
    co_return Result<void>{};
}

io::Task<std::vector<model::LayerReference>> Layers::resolve(Requester who,
                                                             std::vector<std::string> arns) {
    namespace limits = model::limits;
    if (arns.size() > limits::kLayersPerFunctionMax) {
        co_return fail(
            Errc::kInvalidParameterValue,
            fmt::format("Cannot reference more than {} layers.", limits::kLayersPerFunctionMax));
    }
    std::vector<model::LayerVersionId> ids;
    for (auto const& text : arns) {
        auto const parsed = wire::parse_layer_arn(text);
        if (!parsed || !parsed->version) {
            co_return fail(Errc::kInvalidParameterValue,
                           fmt::format("Layer version {} does not exist.", text));
        }
        if (parsed->region != parts_.region) {
            co_return fail(Errc::kInvalidParameterValue,
                           fmt::format("Layers are not in the same region as the function. Layers "
                                       "are expected to be in region {}.",
                                       parts_.region.value()));
        }
        model::LayerVersionId id{parsed->account, parsed->layer, *parsed->version};
        auto const twin = std::ranges::find_if(ids, [&](model::LayerVersionId const& other) {
            return other.account == id.account && other.layer == id.layer;
        });
        if (twin != ids.end()) {
            co_return fail(Errc::kInvalidParameterValue,
                           fmt::format("Two different versions of the same layer are not allowed "
                                       "to be referenced in the same function. {} and {} are "
                                       "versions of the same layer.",
                                       arn(*twin), text));
        }
        ids.push_back(std::move(id));
    }
    std::vector<model::LayerReference> out;
    for (auto const& id : ids) {
        MERIDIAN_CO_TRY(auto const version, co_await find_for(who, id));
        if (!version) {
            co_return fail(Errc::kInvalidParameterValue,
                           fmt::format("Layer version {} does not exist.", arn(id)));
        }
        out.push_back({id, version->code});
    }
    co_return out;
}

}  // namespace meridian::control
