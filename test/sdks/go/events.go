// What the clients hear, as lines.
package main

import "github.com/centrifugal/centrifuge-go"

func listen(client *centrifuge.Client, c command) {
	hear := func(event string, more fields) {
		more["event"], more["client"] = event, c.Client
		tell(more)
	}
	client.OnConnecting(func(e centrifuge.ConnectingEvent) {
		if c.Clears {
			client.SetToken("")
		}
		hear("connecting", fields{"code": e.Code, "reason": e.Reason})
	})
	client.OnConnected(func(e centrifuge.ConnectedEvent) {
		hear("connected", fields{"connection": e.ClientID})
	})
	client.OnDisconnected(func(e centrifuge.DisconnectedEvent) {
		hear("disconnected", fields{"code": e.Code, "reason": e.Reason})
	})
	client.OnError(func(e centrifuge.ErrorEvent) {
		hear("error", fields{"message": e.Error.Error()})
	})
	client.OnSubscribed(func(e centrifuge.ServerSubscribedEvent) {
		hear("subscribed", fields{
			"room": e.Channel, "recovered": e.Recovered, "wasRecovering": e.WasRecovering,
			"position": positionOf(e.StreamPosition), "data": string(e.Data),
		})
	})
	client.OnUnsubscribed(func(e centrifuge.ServerUnsubscribedEvent) {
		hear("unsubscribed", fields{"room": e.Channel})
	})
	client.OnPublication(func(e centrifuge.ServerPublicationEvent) {
		line := messageOf(e.Publication)
		line["room"] = e.Channel
		hear("message", line)
	})
	client.OnJoin(func(e centrifuge.ServerJoinEvent) {
		hear("join", fields{"room": e.Channel, "by": who(&e.ClientInfo)})
	})
	client.OnLeave(func(e centrifuge.ServerLeaveEvent) {
		hear("leave", fields{"room": e.Channel, "by": who(&e.ClientInfo)})
	})
}

func listenIn(subscription *centrifuge.Subscription, c command) {
	hear := func(event string, more fields) {
		more["event"], more["client"], more["room"] = event, c.Client, c.Room
		tell(more)
	}
	subscription.OnSubscribing(func(e centrifuge.SubscribingEvent) {
		hear("subscribing", fields{"code": e.Code, "reason": e.Reason})
	})
	subscription.OnSubscribed(func(e centrifuge.SubscribedEvent) {
		hear("subscribed", fields{
			"recovered": e.Recovered, "wasRecovering": e.WasRecovering,
			"position": positionOf(e.StreamPosition), "data": string(e.Data),
		})
	})
	subscription.OnUnsubscribed(func(e centrifuge.UnsubscribedEvent) {
		hear("unsubscribed", fields{"code": e.Code, "reason": e.Reason})
	})
	subscription.OnPublication(func(e centrifuge.PublicationEvent) {
		hear("message", messageOf(e.Publication))
	})
	subscription.OnJoin(func(e centrifuge.JoinEvent) {
		hear("join", fields{"by": who(&e.ClientInfo)})
	})
	subscription.OnLeave(func(e centrifuge.LeaveEvent) {
		hear("leave", fields{"by": who(&e.ClientInfo)})
	})
	subscription.OnError(func(e centrifuge.SubscriptionErrorEvent) {
		hear("error", fields{"message": e.Error.Error()})
	})
}
