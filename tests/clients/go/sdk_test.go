// The AWS SDK for Go v2 against Stator: it checks each answer's CRC-32, retries by itself, and has waiters, paginators and the
// attributevalue and expression packages. Run by tests/clients/test_go.py with STATOR_ENDPOINT set.
package clients

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type movie struct {
	Year  int                    `dynamodbav:"year"`
	Title string                 `dynamodbav:"title"`
	Info  map[string]interface{} `dynamodbav:"info,omitempty"`
	Cast  []string               `dynamodbav:"cast,stringset,omitempty"`
}

func newClient(t *testing.T) *dynamodb.Client {
	t.Helper()
	endpoint := os.Getenv("STATOR_ENDPOINT")
	if endpoint == "" {
		t.Fatal("STATOR_ENDPOINT names no server: run by tests/clients/test_go.py")
	}
	return dynamodb.New(dynamodb.Options{
		Region:           "us-east-1",
		BaseEndpoint:     aws.String(endpoint),
		Credentials:      credentials.NewStaticCredentialsProvider("test", "test", ""),
		RetryMaxAttempts: 1,
	})
}

// A table of movies, as the SDK's own examples make it, gone after the test.
func newTable(t *testing.T, client *dynamodb.Client) string {
	t.Helper()
	ctx := context.Background()
	name := fmt.Sprintf("go-movies-%d-%d", os.Getpid(), time.Now().UnixNano())
	_, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: &name,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("year"), AttributeType: types.ScalarAttributeTypeN},
			{AttributeName: aws.String("title"), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("year"), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String("title"), KeyType: types.KeyTypeRange},
		},
		BillingMode: types.BillingModePayPerRequest,
	})
	if err != nil {
		t.Fatal(err)
	}
	waiter := dynamodb.NewTableExistsWaiter(client)
	if err := waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &name}, time.Minute); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &name}); err != nil {
			t.Error(err)
		}
		gone := dynamodb.NewTableNotExistsWaiter(client)
		if err := gone.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &name}, time.Minute); err != nil {
			t.Error(err)
		}
	})
	return name
}

func (m movie) key(t *testing.T) map[string]types.AttributeValue {
	t.Helper()
	year, err := attributevalue.Marshal(m.Year)
	if err != nil {
		t.Fatal(err)
	}
	title, err := attributevalue.Marshal(m.Title)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]types.AttributeValue{"year": year, "title": title}
}

func put(t *testing.T, client *dynamodb.Client, table string, m movie) {
	t.Helper()
	item, err := attributevalue.MarshalMap(m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: &table, Item: item}); err != nil {
		t.Fatal(err)
	}
}

func TestPutGetUpdate(t *testing.T) {
	client := newClient(t)
	table := newTable(t, client)
	ctx := context.Background()
	made := movie{Year: 2013, Title: "Rush", Info: map[string]interface{}{"rating": 8.3, "plot": "A race"}, Cast: []string{"Daniel"}}
	put(t, client, table, made)
	got, err := client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &table, Key: made.key(t), ConsistentRead: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	var found movie
	if err := attributevalue.UnmarshalMap(got.Item, &found); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(found, made) {
		t.Fatalf("%v instead of %v", found, made)
	}
	update := expression.Set(expression.Name("info.rating"), expression.Value(9.1)).Add(expression.Name("views"), expression.Value(1))
	condition := expression.Name("info.rating").LessThan(expression.Value(9)).And(expression.AttributeExists(expression.Name("year")))
	built, err := expression.NewBuilder().WithUpdate(update).WithCondition(condition).Build()
	if err != nil {
		t.Fatal(err)
	}
	input := &dynamodb.UpdateItemInput{
		TableName: &table, Key: made.key(t), ReturnValues: types.ReturnValueUpdatedNew,
		UpdateExpression: built.Update(), ConditionExpression: built.Condition(),
		ExpressionAttributeNames: built.Names(), ExpressionAttributeValues: built.Values(),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	updated, err := client.UpdateItem(ctx, input)
	if err != nil {
		t.Fatal(err)
	}
	var attributes map[string]interface{}
	if err := attributevalue.UnmarshalMap(updated.Attributes, &attributes); err != nil {
		t.Fatal(err)
	}
	expected := map[string]interface{}{"views": 1.0, "info": map[string]interface{}{"rating": 9.1}}
	if !reflect.DeepEqual(attributes, expected) {
		t.Fatalf("%v instead of %v", attributes, expected)
	}
	// Once more the condition fails: an error of its own type, with the item in it.
	var failed *types.ConditionalCheckFailedException
	if _, err = client.UpdateItem(ctx, input); !errors.As(err, &failed) {
		t.Fatalf("%v is no failed condition", err)
	}
	if len(failed.Item) != 5 {
		t.Fatalf("the error carries %v", failed.Item)
	}
}

func TestErrorsAreTypes(t *testing.T) {
	client := newClient(t)
	ctx := context.Background()
	_, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String("go-missing")})
	var missing *types.ResourceNotFoundException
	if !errors.As(err, &missing) || !strings.Contains(missing.ErrorMessage(), "Requested resource not found: Table: go-missing not found") {
		t.Fatal(err)
	}
}

func TestBatchesAndPages(t *testing.T) {
	client := newClient(t)
	table := newTable(t, client)
	ctx := context.Background()
	var writes []types.WriteRequest
	for number := 0; number < 25; number++ {
		item, err := attributevalue.MarshalMap(movie{Year: 2000, Title: fmt.Sprintf("movie %02d", number), Info: map[string]interface{}{"n": number, "text": strings.Repeat("x", 4000)}})
		if err != nil {
			t.Fatal(err)
		}
		writes = append(writes, types.WriteRequest{PutRequest: &types.PutRequest{Item: item}})
	}
	written, err := client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{table: writes}})
	if err != nil || len(written.UnprocessedItems) != 0 {
		t.Fatal(err, written)
	}
	keys := expression.Key("year").Equal(expression.Value(2000)).And(expression.Key("title").BeginsWith("movie 1"))
	filter := expression.Name("info.n").GreaterThanEqual(expression.Value(13))
	built, err := expression.NewBuilder().WithKeyCondition(keys).WithFilter(filter).WithProjection(expression.NamesList(expression.Name("title"))).Build()
	if err != nil {
		t.Fatal(err)
	}
	var titles []string
	pages := dynamodb.NewQueryPaginator(client, &dynamodb.QueryInput{
		TableName: &table, Limit: aws.Int32(3), KeyConditionExpression: built.KeyCondition(), FilterExpression: built.Filter(),
		ProjectionExpression: built.Projection(), ExpressionAttributeNames: built.Names(), ExpressionAttributeValues: built.Values(),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var found []movie
		if err := attributevalue.UnmarshalListOfMaps(page.Items, &found); err != nil {
			t.Fatal(err)
		}
		for _, one := range found {
			titles = append(titles, one.Title)
		}
	}
	if len(titles) != 7 || titles[0] != "movie 13" || titles[6] != "movie 19" {
		t.Fatal(titles)
	}
	// About 100 KB: compressed on the way, its CRC checked by the SDK.
	count := 0
	scan := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: &table, Limit: aws.Int32(20)})
	for scan.HasMorePages() {
		page, err := scan.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		count += len(page.Items)
	}
	if count != 25 {
		t.Fatalf("%d items", count)
	}
}
