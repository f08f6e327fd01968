#include "store/folder_code_store.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <list>
#include <map>
#include <set>
#include <span>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>

#include "base/encoding.h"
#include "crypto/sha256.h"
#include "io/one_shot.h"
#include "model/limits.h"
#include "store/code_folder.h"
#include "store/zip_archive.h"

namespace meridian::store {
namespace {

Result<std::string> hex_of(model::CodeSha256 const& sha256) {
    auto const digest = from_base64(sha256.value());
    if (!digest || digest->size() != sizeof(crypto::Sha256Digest)) {
        return fail(Errc::kResourceNotFound, fmt::format("There is no package {}.", sha256));
    }
    return to_hex(*digest);
}

// A small package that unpacks to no more than this is checked where it came in: it takes less time
// than asking another thread. Ours.
constexpr ZipLimits kCheckedAtOnce{.unzipped_bytes = 256 * 1024, .entries = 64};

// Small packages that one transaction removes: others wait for it. Ours.
constexpr std::size_t kRemovedAtOnceMax = 1'000;

// Checks a package that is not to be stored.
Result<AcceptedCode> accepted(std::string zip_bytes, ZipLimits const& limits) {
    MERIDIAN_TRY(auto const unzipped_bytes, check_zip(zip_bytes, limits));
    model::CodeSha256 sha256(crypto::sha256_base64(zip_bytes));
    auto const size = zip_bytes.size();
    return AcceptedCode{.stored = {sha256, size},
                        .unzipped_bytes = unzipped_bytes,
                        .carried = Package{std::move(sha256), std::move(zip_bytes)}};
}

Result<std::vector<StoredCode>> stored_in(CodeFolder& folder, std::span<std::string const> zips) {
    std::vector<StoredCode> stored;
    std::vector<CodeFolder::Zip> files;
    for (auto const& zip : zips) {
        auto const digest = crypto::sha256(zip);
        stored.push_back({model::CodeSha256(to_base64(crypto::as_bytes(digest))), zip.size()});
        files.push_back({to_hex(crypto::as_bytes(digest)), zip});
    }
    MERIDIAN_CHECK(folder.put(files));
    return stored;
}

Result<StoredCode> stored_in(CodeFolder& folder, std::string const& zip_bytes) {
    MERIDIAN_TRY(auto stored, stored_in(folder, std::span(&zip_bytes, 1)));
    return std::move(stored.front());
}

Result<void> check_zipped_size(std::string const& zip_bytes) {
    if (zip_bytes.size() < model::limits::kCodeZippedBytesMax) return {};
    return fail(Errc::kRequestTooLarge, fmt::format("Zipped size must be smaller than {} bytes",
                                                    model::limits::kCodeZippedBytesMax));
}

Result<io::UniqueFd> duplicate(io::UniqueFd const& fd) {
    io::UniqueFd copy(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy.valid())
        return fail(Errc::kIo,
                    fmt::format("Cannot duplicate a directory: {}", std::strerror(errno)));
    return copy;
}

// Packages whose directories are open, the least recently used last.
class OpenPackages {
  public:
    explicit OpenPackages(Clock const& clock) : clock_(clock) {}

    // Nothing if it is not open.
    [[nodiscard]] io::UniqueFd const* find(std::string const& hex) {
        auto const found = by_hex_.find(hex);
        if (found == by_hex_.end()) return nullptr;
        order_.splice(order_.begin(), order_, found->second);
        found->second->last_used = clock_.monotonic_now();
        return &found->second->directory;
    }

    void insert(std::string const& hex, io::UniqueFd directory) {
        erase(hex);
        order_.push_front({hex, std::move(directory), clock_.monotonic_now()});
        by_hex_[hex] = order_.begin();
        if (order_.size() > kOpenPackagesMax) erase(std::string(order_.back().hex));
    }

    // Closes what is not in `used` and was not asked for lately; adds the rest to `used`.
    void close_unused(std::set<std::string>& used) {
        auto const now = clock_.monotonic_now();
        for (auto at = order_.begin(); at != order_.end();) {
            auto const& package = *at++;
            if (used.contains(package.hex)) continue;
            if (now - package.last_used < kUnusedPackageLifetime) {
                used.insert(package.hex);
            } else {
                erase(std::string(package.hex));
            }
        }
    }

  private:
    struct Package {
        std::string hex;
        io::UniqueFd directory;
        MonotonicTime last_used;
    };

    void erase(std::string const& hex) {
        auto const found = by_hex_.find(hex);
        if (found == by_hex_.end()) return;
        order_.erase(found->second);
        by_hex_.erase(found);
    }

    std::list<Package> order_;
    std::map<std::string, std::list<Package>::iterator> by_hex_;
    Clock const& clock_;
};

}  // namespace

struct FolderCodeStore::State {
    PackageTable& small;
    io::BlockingPool& pool;
    Clock const& clock;
    Log& log;
    std::unique_ptr<CodeFolder> folder;

    // On the owner's executor alone:
    OpenPackages open_packages;
    // Who waits for a package that is being unpacked.
    std::map<std::string, std::vector<std::shared_ptr<io::OneShot<io::UniqueFd>>>> unpacking;
};

Result<std::unique_ptr<FolderCodeStore>> FolderCodeStore::open(
    std::filesystem::path const& directory, PackageTable& small, io::BlockingPool& pool,
    Clock const& clock, Log& log) {
    std::vector<std::filesystem::path> remove_later;
    MERIDIAN_TRY(auto folder, CodeFolder::open(directory, remove_later));
    auto state =
        std::make_shared<State>(small, pool, clock, log, std::move(folder), OpenPackages(clock));
    for (auto const& path : remove_later) {
        bool const accepted = pool.submit([path, &log] {
            std::error_code error;
            std::filesystem::remove_all(path, error);
            if (error) {
                log.write(LogLevel::kWarn, "cannot remove unpacked packages of an earlier boot",
                          {{"path", path.string()}, {"error", error.message()}});
            }
        });
        if (!accepted)
            log.write(LogLevel::kWarn, "removing is left to the next start",
                      {{"path", path.string()}});
    }
    return std::unique_ptr<FolderCodeStore>(new FolderCodeStore(std::move(state)));
}

FolderCodeStore::FolderCodeStore(std::shared_ptr<State> state) : state_(std::move(state)) {}
FolderCodeStore::~FolderCodeStore() = default;

io::Task<AcceptedCode> FolderCodeStore::accept(std::string zip_bytes) {
    MERIDIAN_CO_CHECK(check_zipped_size(zip_bytes));
    auto const state = state_;
    bool const small = zip_bytes.size() < kCarriedPackageBytesMax;
    if (small) {
        auto checked = accepted(zip_bytes, kCheckedAtOnce);
        // What is wrong with it by the limits that count is found below.
        if (checked) co_return checked;
    }
    co_return co_await io::blocking(
        state->pool,
        [state, small, zip_bytes = std::move(zip_bytes)]() mutable -> Result<AcceptedCode> {
            if (small) return accepted(std::move(zip_bytes), {});
            MERIDIAN_TRY(auto const unzipped_bytes, check_zip(zip_bytes));
            MERIDIAN_TRY(auto stored, stored_in(*state->folder, zip_bytes));
            return AcceptedCode{.stored = std::move(stored), .unzipped_bytes = unzipped_bytes};
        });
}

io::Task<StoredCode> FolderCodeStore::put(std::string zip_bytes) {
    MERIDIAN_CO_CHECK(check_zipped_size(zip_bytes));
    auto const state = state_;
    co_return co_await io::blocking(
        state->pool, [state, zip_bytes = std::move(zip_bytes)]() -> Result<StoredCode> {
            MERIDIAN_CHECK(check_zip(zip_bytes));
            return stored_in(*state->folder, zip_bytes);
        });
}

io::Task<std::vector<StoredCode>> FolderCodeStore::put_all(std::vector<std::string> zips) {
    for (auto const& zip : zips) {
        MERIDIAN_CO_CHECK(check_zipped_size(zip));
    }
    auto const state = state_;
    co_return co_await io::blocking(
        state->pool, [state, zips = std::move(zips)]() -> Result<std::vector<StoredCode>> {
            for (auto const& zip : zips) {
                MERIDIAN_CHECK(check_zip(zip));
            }
            return stored_in(*state->folder, zips);
        });
}

io::Task<CodeFolder::Part> FolderCodeStore::part_of(std::shared_ptr<State> state,
                                                    model::CodeSha256 sha256) {
    MERIDIAN_CO_TRY(auto hex, hex_of(sha256));
    MERIDIAN_CO_TRY(auto bytes, co_await state->small.get_package(sha256));
    if (bytes && crypto::sha256_hex(*bytes) != hex) {
        // It has rotted; a restore or an earlier version may have left a file.
        auto file =
            co_await io::blocking(state->pool, [state, hex] { return state->folder->get(hex); });
        if (!file) {
            co_return fail(Errc::kCorrupt,
                           fmt::format("The package {} in the database does not have the contents "
                                       "that its name says.",
                                       sha256));
        }
        bytes = std::move(*file);
    }
    co_return CodeFolder::Part{std::move(hex), std::move(bytes)};
}

io::Task<std::string> FolderCodeStore::get(model::CodeSha256 sha256) {
    auto const state = state_;
    MERIDIAN_CO_TRY(auto part, co_await part_of(state, std::move(sha256)));
    if (part.zip_bytes) co_return std::move(*part.zip_bytes);
    co_return co_await io::blocking(
        state->pool, [state, hex = std::move(part.hex)] { return state->folder->get(hex); });
}

io::Task<> FolderCodeStore::make_ready(model::CodeSha256 sha256) {
    auto const state = state_;
    MERIDIAN_CO_TRY(auto const hex, hex_of(sha256));
    if (state->open_packages.find(hex) != nullptr) co_return Result<void>{};
    MERIDIAN_CO_TRY(auto const small, co_await state->small.get_package(sha256));
    if (small) co_return Result<void>{};
    MERIDIAN_CO_TRY(auto const bytes, co_await io::blocking(state->pool, [state, hex] {
                        return state->folder->zipped_bytes(hex);
                    }));
    if (!is_ready_at_once(bytes)) {
        MERIDIAN_CO_CHECK(co_await open_unpacked(std::move(sha256)));
    }
    co_return Result<void>{};
}

bool FolderCodeStore::is_ready_at_once(std::uint64_t zipped_bytes) const {
    return zipped_bytes < kUnpackAheadBytesMin;
}

io::Task<io::UniqueFd> FolderCodeStore::open_unpacked(model::CodeSha256 sha256) {
    MERIDIAN_CO_TRY(auto hex, hex_of(sha256));
    co_return co_await open_once(std::move(hex), {std::move(sha256)});
}

io::Task<io::UniqueFd> FolderCodeStore::open_merged(std::vector<model::CodeSha256> packages) {
    MERIDIAN_CO_TRY(auto hex, hex_of(merged_name(packages)));
    co_return co_await open_once(std::move(hex), std::move(packages));
}

io::Task<std::uint64_t> FolderCodeStore::unzipped_bytes(model::CodeSha256 sha256) {
    auto const state = state_;
    MERIDIAN_CO_TRY(auto bytes, co_await get(std::move(sha256)));
    co_return co_await io::blocking(state->pool,
                                    [bytes = std::move(bytes)] { return unzipped_size(bytes); });
}

io::Task<io::UniqueFd> FolderCodeStore::make(std::shared_ptr<State> state, std::string hex,
                                             std::vector<model::CodeSha256> packages) {
    std::vector<CodeFolder::Part> parts;
    for (auto const& package : packages) {
        MERIDIAN_CO_TRY(auto part, co_await part_of(state, package));
        parts.push_back(std::move(part));
    }
    co_return co_await io::blocking(state->pool, [state, hex, parts = std::move(parts)] {
        return parts.size() == 1 ? state->folder->unpack(parts.front())
                                 : state->folder->merge(hex, parts);
    });
}

io::Task<io::UniqueFd> FolderCodeStore::open_once(std::string hex,
                                                  std::vector<model::CodeSha256> packages) {
    auto const state = state_;
    if (auto const* open = state->open_packages.find(hex)) co_return duplicate(*open);
    if (auto const found = state->unpacking.find(hex); found != state->unpacking.end()) {
        auto const shot = std::make_shared<io::OneShot<io::UniqueFd>>();
        found->second.push_back(shot);
        co_return co_await shot->wait();
    }
    state->unpacking[hex];  // from here on, others wait
    auto directory = co_await make(state, hex, std::move(packages));
    auto const waiters = std::move(state->unpacking.extract(hex).mapped());
    for (auto const& waiter : waiters) {
        waiter->set(directory ? duplicate(*directory) : std::unexpected(directory.error()));
    }
    if (!directory) co_return std::unexpected(std::move(directory).error());
    auto copy = duplicate(*directory);
    state->open_packages.insert(hex, std::move(*directory));
    co_return copy;
}

io::Task<> FolderCodeStore::remove_unused(std::vector<model::CodeSha256> used) {
    auto const state = state_;
    std::set<std::string> keep;
    for (auto const& sha256 : used) {
        if (auto hex = hex_of(sha256)) keep.insert(std::move(*hex));
    }
    for (auto const& [hex, waiters] : state->unpacking) keep.insert(hex);
    state->open_packages.close_unused(keep);
    MERIDIAN_CO_CHECK(co_await remove_unused_carried(state, keep));
    co_return co_await io::blocking(state->pool, [state, keep = std::move(keep)] {
        return state->folder->remove_unused(keep);
    });
}

io::Task<> FolderCodeStore::remove_unused_carried(std::shared_ptr<State> state,
                                                  std::set<std::string> used) {
    auto const before = state->clock.wall_now() - kUnusedPackageLifetime;
    MERIDIAN_CO_TRY(auto unused, co_await state->small.old_packages(before));
    std::erase_if(unused, [&](model::CodeSha256 const& package) {
        auto const hex = hex_of(package);
        return hex && used.contains(*hex);
    });
    while (!unused.empty()) {
        auto const count = std::min(unused.size(), kRemovedAtOnceMax);
        std::vector some(unused.end() - static_cast<std::ptrdiff_t>(count), unused.end());
        unused.resize(unused.size() - count);
        MERIDIAN_CO_CHECK(co_await state->small.remove_packages(std::move(some), before));
    }
    co_return Result<void>{};
}

}  // namespace meridian::store
