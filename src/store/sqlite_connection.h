#pragma once
// One connection to an SQLite database and its prepared statements. An error of the library is kIo;
// kCorrupt when SQLite says that the file is damaged or is no database.
//
// Threads: one thread at a time. Owned by whoever runs that thread.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "store/sql.h"

struct sqlite3;
struct sqlite3_stmt;

namespace meridian::store {

class SqliteConnection : public SqlConnection {
  public:
    enum class Access { kReadWrite, kReadOnly };

    // The file must exist. Statements wait up to 10 s for another process's lock.
    static Result<SqliteConnection> open(std::filesystem::path const& path, Access access);

    Result<void> execute(char const* sql) override;
    Result<void> begin(Durability least) override;
    [[nodiscard]] bool in_transaction() const override;
    Result<void> commit() override;
    // Moves a write-ahead log of some length into the database.
    void tidy() override;

    // From now on the connection does so itself at the commit that makes the log this long.
    void checkpoint_at(int pages);

  protected:
    Result<SqlRows> start(std::string_view sql, std::span<SqlValue const> values) override;

  private:
    struct Close {
        void operator()(sqlite3* database) const noexcept;
    };
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept;
    };

    explicit SqliteConnection(std::unique_ptr<sqlite3, Close> database)
        : database_(std::move(database)) {}
    Result<sqlite3_stmt*> prepared(std::string_view sql);
    // As execute(), of a literal that runs often.
    Result<void> run(std::string_view sql);

    // Of the write-ahead log. On the heap: SQLite keeps its address.
    struct LogPages {
        int now = 0;
        int max = 0;
    };
    std::unique_ptr<LogPages> log_pages_ = std::make_unique<LogPages>();
    std::unique_ptr<sqlite3, Close> database_;
    Durability durability_ = Durability::kImmediate;  // as `synchronous` is set
    // After database_, so that statements go first.
    std::unordered_map<std::string_view, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
};

}  // namespace meridian::store
