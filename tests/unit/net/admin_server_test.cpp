// Goal: scrapers and health checkers get what they expect, nobody else anything.
#include "net/admin_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "raw_client.h"

namespace stator::net {
namespace {

TEST(AdminServer, AnswersItsThreePaths) {
  monitoring::Metrics metrics("1.2.3");
  std::atomic<bool> ready{false};
  auto admin = AdminServer::start("127.0.0.1", 0, metrics, [&] { return ready.load(); });
  ASSERT_TRUE(admin.ok());
  RawClient c((*admin)->port());
  const auto get = [&](std::string_view target, std::string_view method = "GET") {
    EXPECT_TRUE(c.send(http_request(method, target)));
    const auto response = c.read_response();
    EXPECT_TRUE(response);
    return response ? *response : RawResponse{};
  };
  EXPECT_EQ(get("/livez").status, 200);
  EXPECT_EQ(get("/readyz").status, 503);
  ready = true;
  EXPECT_EQ(get("/readyz?verbose").status, 200);
  const auto exposition = get("/metrics");
  EXPECT_EQ(exposition.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(exposition.body, testing::HasSubstr("version=\"1.2.3\"} 1\n"));
  EXPECT_EQ(get("/").status, 404);
  EXPECT_EQ(get("/metrics", "POST").status, 405);
  (*admin)->stop();
  EXPECT_TRUE(c.closed_by_server());
}

TEST(AdminServer, TakesNoBodies) {
  monitoring::Metrics metrics("1");
  auto admin = AdminServer::start("127.0.0.1", 0, metrics, [] { return true; });
  ASSERT_TRUE(admin.ok());
  RawClient c((*admin)->port());
  ASSERT_TRUE(c.send(http_request("GET", "/livez", "x")));
  EXPECT_EQ(c.read_response()->status, 413);
}

}  // namespace
}  // namespace stator::net
