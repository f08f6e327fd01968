#include "control/packages.h"

#include <fmt/format.h>

#include "model/limits.h"

namespace meridian::control {

namespace limits = model::limits;

io::Task<model::CodePackage> Packages::take(model::AccountId account, PackageInput input) {
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
    MERIDIAN_CO_TRY(auto stored, co_await code_.put(std::move(zip_bytes)));
    co_return model::CodePackage{std::move(stored.sha256), stored.size_bytes};
}

io::Task<> Packages::check_unzipped(std::vector<model::CodeSha256> packages) {
    // One alone was measured when it came in.
    if (packages.size() < 2) co_return Result<void>{};
    std::uint64_t total = 0;
    for (auto const& package : packages) {
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
