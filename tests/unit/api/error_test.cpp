// Goal: every error with the name, namespace, status and members that clients match.
#include "api/error.h"

#include <set>

namespace stator::api {
namespace {

TEST(Error, BodiesOnTheWire) {
  EXPECT_EQ(error_body(validation_error("bad").error),
            R"({"__type":"com.amazon.coral.validate#ValidationException","message":"bad"})");
  EXPECT_EQ(error_body(serialization_error("bad").error),
            R"({"__type":"com.amazon.coral.service#SerializationException","Message":"bad"})");
  EXPECT_EQ(error_body(serialization_error("").error),
            R"({"__type":"com.amazon.coral.service#SerializationException"})");
  EXPECT_EQ(error_body(unknown_operation().error),
            R"({"__type":"com.amazon.coral.service#UnknownOperationException"})");
  EXPECT_EQ(error_body(resource_not_found().error),
            R"({"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",)"
            R"("message":"Requested resource not found"})");
  EXPECT_EQ(error_body(table_not_found("t").error),
            R"({"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",)"
            R"("message":"Requested resource not found: Table: t not found"})");
}

TEST(Error, AFailedConditionCarriesItsItem) {
  const auto item = std::make_shared<const model::Item>(model::Item{{"a", model::AttributeValue::s("b")}});
  EXPECT_EQ(error_body(conditional_check_failed(item).error),
            R"({"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",)"
            R"("message":"The conditional request failed","Item":{"a":{"S":"b"}}})");
}

TEST(Error, Statuses) {
  EXPECT_EQ(error_shape(ErrorCode::kInternalServerError).http_status, 500);
  EXPECT_EQ(error_shape(ErrorCode::kServiceUnavailable).http_status, 503);
  EXPECT_EQ(error_shape(ErrorCode::kRequestTooLarge).http_status, 413);
  EXPECT_EQ(error_shape(ErrorCode::kProvisionedThroughputExceeded).http_status, 400);
  EXPECT_EQ(error_shape(ErrorCode::kThrottling).http_status, 400);
}

TEST(Error, EachCodeHasItsOwnName) {
  std::set<std::string_view> names;
  for (uint16_t code = 1; code <= static_cast<uint16_t>(ErrorCode::kTableNotFound); ++code)
    names.insert(error_shape(static_cast<ErrorCode>(code)).name);
  EXPECT_EQ(names.size(), static_cast<size_t>(ErrorCode::kTableNotFound));
}

TEST(Error, WhatMayBeSentAgain) {
  EXPECT_TRUE(is_retriable(service_unavailable("", 50).error));
  EXPECT_TRUE(is_retriable(internal_error("").error));
  EXPECT_TRUE(is_retriable(throughput_exceeded("").error));
  EXPECT_FALSE(is_retriable(validation_error("").error));
  EXPECT_FALSE(is_retriable(conditional_check_failed(nullptr).error));
  EXPECT_EQ(service_unavailable("", 50).error.retry_after_ms, 50u);
}

}  // namespace
}  // namespace stator::api
