// Drives clients of centrifuge-go: reads what they shall do as lines of JSON, and prints what they
// answer and hear as lines of JSON. README.md has the lines.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge-go"
)

type command struct {
	ID          int               `json:"id"`
	Op          string            `json:"op"`
	Client      string            `json:"client"`
	URL         string            `json:"url"`
	Format      string            `json:"format"`
	Headers     map[string]string `json:"headers"`
	Token       *string           `json:"token"`
	Asks        bool              `json:"asks"`
	Clears      bool              `json:"clears"`
	MinDelay    int               `json:"minDelay"`
	MaxDelay    int               `json:"maxDelay"`
	Room        string            `json:"room"`
	Recoverable bool              `json:"recoverable"`
	JoinLeave   bool              `json:"joinLeave"`
	Data        string            `json:"data"`
	Method      string            `json:"method"`
	Limit       int32             `json:"limit"`
	Reverse     bool              `json:"reverse"`
	Since       *position         `json:"since"`
	Number      int               `json:"number"`
}

type position struct {
	Offset uint64 `json:"offset"`
	Epoch  string `json:"epoch"`
}

type fields map[string]any

var (
	mu     sync.Mutex
	out    = json.NewEncoder(os.Stdout)
	opened = map[string]*centrifuge.Client{}
	asked  = []chan *string{}
)

func tell(line fields) {
	mu.Lock()
	defer mu.Unlock()
	_ = out.Encode(line)
}

// Asks the test for a token, and waits for it.
func ask(question fields) (string, error) {
	answer := make(chan *string, 1)
	mu.Lock()
	question["event"], question["number"] = "token", len(asked)
	asked = append(asked, answer)
	mu.Unlock()
	tell(question)
	if token := <-answer; token != nil {
		return *token, nil
	}
	return "", centrifuge.ErrUnauthorized
}

func who(info *centrifuge.ClientInfo) any {
	if info == nil {
		return nil
	}
	return fields{"user": info.User, "client": info.Client, "info": string(info.ConnInfo)}
}

func messageOf(p centrifuge.Publication) fields {
	return fields{"data": string(p.Data), "offset": p.Offset, "tags": p.Tags, "by": who(p.Info)}
}

func positionOf(at *centrifuge.StreamPosition) any {
	if at == nil {
		return nil
	}
	return position{at.Offset, at.Epoch}
}

func open(c command) {
	config := centrifuge.Config{
		Header:            http.Header{},
		MinReconnectDelay: time.Duration(c.MinDelay) * time.Millisecond,
		MaxReconnectDelay: time.Duration(c.MaxDelay) * time.Millisecond,
		HandshakeTimeout:  10 * time.Second,
	}
	for name, value := range c.Headers {
		config.Header.Set(name, value)
	}
	if c.Token != nil {
		config.Token = *c.Token
	}
	if c.Asks {
		config.GetToken = func(centrifuge.ConnectionTokenEvent) (string, error) {
			return ask(fields{"client": c.Client})
		}
	}
	create := centrifuge.NewJsonClient
	if c.Format == "protobuf" {
		create = centrifuge.NewProtobufClient
	}
	client := create(c.URL, config)
	listen(client, c)
	mu.Lock()
	opened[c.Client] = client
	mu.Unlock()
}

func subscribe(client *centrifuge.Client, c command) error {
	if subscription, found := client.GetSubscription(c.Room); found {
		return subscription.Subscribe()
	}
	config := centrifuge.SubscriptionConfig{
		Recoverable: c.Recoverable, JoinLeave: c.JoinLeave,
		MinResubscribeDelay: 50 * time.Millisecond,
	}
	if c.Asks {
		config.GetToken = func(centrifuge.SubscriptionTokenEvent) (string, error) {
			return ask(fields{"client": c.Client, "room": c.Room})
		}
	}
	subscription, err := client.NewSubscription(c.Room, config)
	if err != nil {
		return err
	}
	listenIn(subscription, c)
	return subscription.Subscribe()
}

func history(client *centrifuge.Client, c command) (any, error) {
	options := []centrifuge.HistoryOption{
		centrifuge.WithHistoryLimit(c.Limit), centrifuge.WithHistoryReverse(c.Reverse),
	}
	if c.Since != nil {
		since := &centrifuge.StreamPosition{Offset: c.Since.Offset, Epoch: c.Since.Epoch}
		options = append(options, centrifuge.WithHistorySince(since))
	}
	result, err := client.History(context.Background(), c.Room, options...)
	messages := []fields{}
	for _, publication := range result.Publications {
		messages = append(messages, messageOf(publication))
	}
	return fields{"messages": messages, "offset": result.Offset, "epoch": result.Epoch}, err
}

func do(c command) (any, error) {
	if c.Op == "open" {
		open(c)
		return nil, nil
	}
	mu.Lock()
	client := opened[c.Client]
	mu.Unlock()
	background := context.Background()
	switch c.Op {
	case "connect":
		return nil, client.Connect()
	case "disconnect":
		return nil, client.Disconnect()
	case "subscribe":
		return nil, subscribe(client, c)
	case "unsubscribe":
		subscription, _ := client.GetSubscription(c.Room)
		return nil, subscription.Unsubscribe()
	case "publish":
		_, err := client.Publish(background, c.Room, []byte(c.Data))
		return nil, err
	case "presence":
		result, err := client.Presence(background, c.Room)
		clients := []any{}
		for _, info := range result.Clients {
			clients = append(clients, who(&info))
		}
		return clients, err
	case "presenceStats":
		result, err := client.PresenceStats(background, c.Room)
		return fields{"clients": result.NumClients, "users": result.NumUsers}, err
	case "history":
		return history(client, c)
	case "rpc":
		result, err := client.RPC(background, c.Method, []byte(c.Data))
		return string(result.Data), err
	case "send":
		return nil, client.Send(background, []byte(c.Data))
	}
	return nil, errors.New("there is no " + c.Op)
}

func answer(c command) {
	result, err := do(c)
	if err == nil {
		tell(fields{"id": c.ID, "ok": result})
		return
	}
	code := uint32(0)
	var refused *centrifuge.Error
	if errors.As(err, &refused) {
		code = refused.Code
	}
	tell(fields{"id": c.ID, "error": fields{"code": code, "message": err.Error()}})
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16_777_216)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			panic(err)
		}
		if c.Op == "token" {
			mu.Lock()
			waiting := asked[c.Number]
			mu.Unlock()
			waiting <- c.Token
		} else {
			go answer(c)
		}
	}
}
