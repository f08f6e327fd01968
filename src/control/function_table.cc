#include "control/function_table.h"

namespace meridian::control {

namespace {

Result<StoredFunction> read_function(store::Record const& record) {
    StoredFunction out;
    MERIDIAN_TRY(out.function, function_from_record(record.key, record.value));
    MERIDIAN_TRY(out.latest, status_from_record(record.key, record.status, out.function.latest));
    out.sequence = record.sequence;
    return out;
}

Result<StoredVersion> read_version(store::Record const& record) {
    StoredVersion out;
    out.account = record.key.account;
    out.name = function_name_of(record.key);
    MERIDIAN_TRY(out.version, version_from_record(record.key, record.value));
    MERIDIAN_TRY(out.status, status_from_record(record.key, record.status, out.version));
    out.number = version_number(out.version.version.value()).value_or(0);
    out.sequence = record.sequence;
    return out;
}

template <typename Read>
auto read_all(std::vector<store::Record> const& records, Read read)
    -> Result<std::vector<typename decltype(read(records.front()))::value_type>> {
    std::vector<typename decltype(read(records.front()))::value_type> out;
    out.reserve(records.size());
    for (auto const& record : records) {
        MERIDIAN_TRY(auto value, read(record));
        out.push_back(std::move(value));
    }
    return out;
}

template <typename Read>
auto read_good(std::vector<store::Record> const& records, Log& log, Read read)
    -> std::vector<typename decltype(read(records.front()))::value_type> {
    std::vector<typename decltype(read(records.front()))::value_type> out;
    out.reserve(records.size());
    for (auto const& record : records) {
        auto value = read(record);
        if (value) {
            out.push_back(std::move(*value));
        } else {
            log.write(LogLevel::kError, "a stored function is left out",
                      {{"error", value.error().message}});
        }
    }
    return out;
}

}  // namespace

io::Task<std::optional<StoredFunction>> FunctionTable::get(model::AccountId account,
                                                           model::FunctionName name) {
    MERIDIAN_CO_TRY(auto record, co_await store_.get(function_key(account, name)));
    if (!record) co_return std::nullopt;
    MERIDIAN_CO_TRY(auto function, read_function(*record));
    co_return std::optional<StoredFunction>(std::move(function));
}

io::Task<std::optional<StoredVersion>> FunctionTable::get_version(model::AccountId account,
                                                                  model::FunctionName name,
                                                                  std::uint64_t number) {
    MERIDIAN_CO_TRY(auto record, co_await store_.get(version_key(account, name, number)));
    if (!record) co_return std::nullopt;
    MERIDIAN_CO_TRY(auto version, read_version(*record));
    co_return std::optional<StoredVersion>(std::move(version));
}

io::Task<std::vector<StoredFunction>> FunctionTable::page(model::AccountId account,
                                                          std::string after_name,
                                                          std::size_t limit) {
    store::Scan scan{.account = std::move(account),
                     .kind = store::Kind::kFunction,
                     .after_id = std::move(after_name),
                     .limit = limit};
    MERIDIAN_CO_TRY(auto records, co_await store_.scan(std::move(scan)));
    co_return read_all(records, read_function);
}

io::Task<std::vector<StoredVersion>> FunctionTable::versions(model::AccountId account,
                                                             model::FunctionName name,
                                                             std::uint64_t after,
                                                             std::size_t limit) {
    store::Scan scan{.account = account,
                     .kind = store::Kind::kFunctionVersion,
                     .id_prefix = version_id_prefix(name),
                     .after_id = after == 0 ? std::string() : version_key(account, name, after).id,
                     .limit = limit};
    MERIDIAN_CO_TRY(auto records, co_await store_.scan(std::move(scan)));
    co_return read_all(records, read_version);
}

io::Task<std::vector<StoredVersion>> FunctionTable::all_versions(model::AccountId account,
                                                                 model::FunctionName name) {
    constexpr std::size_t kPage = 500;
    std::vector<StoredVersion> out;
    for (;;) {
        auto const after = out.empty() ? 0 : out.back().number;
        MERIDIAN_CO_TRY(auto page, co_await versions(account, name, after, kPage));
        for (auto& version : page) out.push_back(std::move(version));
        if (page.size() < kPage) break;
    }
    co_return out;
}

io::Task<std::optional<std::uint64_t>> FunctionTable::last_version_of_deleted(
    model::AccountId account, model::FunctionName name) {
    auto const key = function_key(account, name);
    MERIDIAN_CO_TRY(auto epitaph, co_await store_.epitaph(key));
    if (!epitaph || epitaph->is_null()) co_return std::nullopt;
    MERIDIAN_CO_TRY(auto const last, last_version_from_epitaph(key, *epitaph));
    co_return std::optional(last);
}

io::Task<std::vector<StoredFunction>> FunctionTable::every_function(Log& log) {
    MERIDIAN_CO_TRY(auto records, co_await store_.scan_all(store::Kind::kFunction));
    co_return read_good(records, log, read_function);
}

io::Task<std::vector<StoredVersion>> FunctionTable::every_version(Log& log) {
    MERIDIAN_CO_TRY(auto records, co_await store_.scan_all(store::Kind::kFunctionVersion));
    co_return read_good(records, log, read_version);
}

}  // namespace meridian::control
