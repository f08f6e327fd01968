#include "control/packages.h"

#include <fmt/format.h>

#include "model/limits.h"

namespace meridian::control {

namespace limits = model::limits;

io::Task<TakenPackage> Packages::take(model::AccountId account, PackageInput input) {
    auto zip_bytes = std::move(input.zip_bytes);
    auto zip_bytes_max = limits::kCodeZippedBytesMax;
    if (input.s3_object) {
        // What is longer than it may be unpacked cannot be good.
        zip_bytes_max = limits::kCodeUnzippedBytesMax;
        MERIDIAN_CO_TRY(zip_bytes,
                        co_await objects_.get(std::move(*input.s3_object), zip_bytes_max));
    }
    if (zip_bytes.empty())
        co_return fail(Errc::kInvalidParameterValue, "Uploaded file must be a non-empty zip");
    auto const size = zip_bytes.size();
    if (size > zip_bytes_max) {
        co_return fail(Errc::kRequestTooLarge,
                       fmt::format("Zipped size must be smaller than {} bytes", zip_bytes_max));
    }
    if (used_(account) + size > limits::kCodeStorageBytesMax)
        co_return fail(Errc::kCodeStorageExceeded, "Code storage limit exceeded.");
    MERIDIAN_CO_TRY(auto accepted, co_await code_.accept(std::move(zip_bytes)));
    co_return TakenPackage{.code = {std::move(accepted.stored.sha256), accepted.stored.size_bytes},
                           .unzipped_bytes = accepted.unzipped_bytes,
                           .carried = std::move(accepted.carried)};
}

io::Task<> Packages::check_stored(model::CodeSha256 code, std::vector<model::CodeSha256> layers) {
    // One alone was measured when it came in.
    if (layers.empty()) co_return Result<void>{};
    MERIDIAN_CO_TRY(auto const bytes, co_await code_.unzipped_bytes(std::move(code)));
    co_return co_await check_unzipped(bytes, std::move(layers));
}

io::Task<> Packages::check_unzipped(std::uint64_t code_bytes,
                                    std::vector<model::CodeSha256> layers) {
    if (layers.empty()) co_return Result<void>{};
    auto total = code_bytes;
    for (auto const& package : layers) {
        MERIDIAN_CO_TRY(auto const bytes, co_await code_.unzipped_bytes(package));
        total += bytes;
    }
    if (total > limits::kCodeUnzippedBytesMax) {
        co_return fail(Errc::kInvalidParameterValue,
                       fmt::format("Function code combined with layers exceeds the maximum allowed "
                                   "size of {} bytes. The actual size is {} bytes.",
                                   limits::kCodeUnzippedBytesMax, total));
    }
    co_return Result<void>{};
}

}  // namespace meridian::control
