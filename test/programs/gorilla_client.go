// A client of gorilla/websocket: it sends a message of so many bytes to a room, and prints how many
// come back. The library writes a message in fragments of 4 KB.
package main

import (
	"fmt"
	"net/http"
	"os"
	"strconv"

	"github.com/gorilla/websocket"
)

func main() {
	size, err := strconv.Atoi(os.Args[3])
	check(err)
	header := http.Header{"Authorization": {os.Args[2]}}
	conn, _, err := websocket.DefaultDialer.Dial(os.Args[1], header)
	check(err)
	defer conn.Close()
	check(conn.WriteMessage(websocket.BinaryMessage, make([]byte, size)))
	_, payload, err := conn.ReadMessage()
	check(err)
	fmt.Println("heard", len(payload))
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
