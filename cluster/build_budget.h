// BuildBudget: how much of its time a node spends on reading the items of before for new indexes, or for the time to live,
// while clients ask for something else. Where nobody does, all of it; else a share, taken in small pieces, so that most
// requests meet none of it: what a piece takes, from its beginning until the index has it, is rested for (1 - share) / share as
// long. A machine that is busy takes longer for a piece, and so rests longer. Pure; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace stator::cluster {

inline constexpr int64_t kBuildShareOf = 4;              // a quarter of the time
inline constexpr int64_t kBuildSavedMicrosMax = 20'000;  // of time that was not taken yet
inline constexpr int64_t kBuildOwedMicrosMax = 500'000;  // of time that was taken too much
inline constexpr uint64_t kClientsAwayMicros = 200'000;  // without a call of a client, for all of the time
inline constexpr size_t kBuildItems = 256;               // of a piece, at most; also bound in bytes
inline constexpr size_t kBuildItemsBusy = 64;            // the same while clients ask

class BuildBudget {
 public:
  // How many items a piece that begins now may read; 0: none yet, ask again. `client_calls`: that were made ever.
  size_t items(uint64_t now_micros, uint64_t client_calls);
  // A piece took so long.
  void spent(uint64_t micros);

 private:
  uint64_t looked_micros_ = 0;
  uint64_t looked_calls_ = 0;
  uint64_t away_from_ = 0;  // clients are away from then on
  int64_t left_micros_ = 0;
};

}  // namespace stator::cluster
