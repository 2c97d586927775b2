// Scan: all items of a table, or of one of TotalSegments equal parts of the hash space, in key order.
// Evaluated partition by partition. Source: API_Scan. Pure.
#pragma once

#include "api/operations/page_operation.h"

namespace stator::api {

struct ScanRequest : PageRequest {
  uint32_t segment = 0;
  uint32_t total_segments = 1;
};

class Scan final : public PageReader {
 public:
  std::string_view name() const override { return "Scan"; }
  const Shape& input() const override;
  bool forward(const Request&) const override { return true; }
  Result<model::KeyRange> range(const model::Table& table, const Request& request) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};

extern const Scan kScan;

}  // namespace stator::api
