// A Jupyter kernel without Python, in a static executable: it prints what it is told, or its environment.
//
//	echo CONNECTION_FILE
//
// It knows what a first cell needs: kernel_info_request, execute_request, shutdown_request, and the heartbeat
// (Jupyter's messaging specification, 5.3).
package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/go-zeromq/zmq4"
)

const delimiter = "<IDS|MSG>"

type connection struct {
	Transport string `json:"transport"`
	IP        string `json:"ip"`
	Key       string `json:"key"`
	Shell     int    `json:"shell_port"`
	Control   int    `json:"control_port"`
	Stdin     int    `json:"stdin_port"`
	IOPub     int    `json:"iopub_port"`
	Heartbeat int    `json:"hb_port"`
}

type object map[string]any

type kernel struct {
	connection
	iopub   zmq4.Socket
	session string
	count   int
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "version" {
		fmt.Println("echo v1")
		return
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: echo CONNECTION_FILE")
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	k := &kernel{session: fmt.Sprintf("echo-%d", os.Getpid())}
	if err := json.Unmarshal(text, &k.connection); err != nil {
		return err
	}
	ctx := context.Background()
	k.iopub = zmq4.NewPub(ctx)
	shell, control, stdin, heartbeat := zmq4.NewRouter(ctx), zmq4.NewRouter(ctx), zmq4.NewRouter(ctx), zmq4.NewRep(ctx)
	ports := map[zmq4.Socket]int{k.iopub: k.IOPub, shell: k.Shell, control: k.Control, stdin: k.Stdin, heartbeat: k.Heartbeat}
	for socket, port := range ports {
		if err := socket.Listen(fmt.Sprintf("%s://%s:%d", k.Transport, k.IP, port)); err != nil {
			return err
		}
	}
	go func() {
		for {
			if beat, err := heartbeat.Recv(); err == nil {
				heartbeat.Send(beat)
			}
		}
	}()
	requests := make(chan func() error)
	for _, socket := range []zmq4.Socket{shell, control} {
		go func() {
			for {
				message, err := socket.Recv()
				requests <- func() error {
					if err != nil {
						return err
					}
					return k.handle(socket, message.Frames)
				}
			}
		}()
	}
	for request := range requests {
		if err := request(); err != nil {
			return err
		}
	}
	return nil
}

func (k *kernel) handle(socket zmq4.Socket, frames [][]byte) error {
	at := 0
	for at < len(frames) && string(frames[at]) != delimiter {
		at++
	}
	if len(frames) < at+6 || k.sign(frames[at+2:at+6]) != string(frames[at+1]) {
		return fmt.Errorf("a message of %d frames that can't be read or isn't signed", len(frames))
	}
	var header struct {
		Kind string `json:"msg_type"`
	}
	var content struct {
		Code string `json:"code"`
	}
	if err := json.Unmarshal(frames[at+2], &header); err != nil {
		return err
	}
	if err := json.Unmarshal(frames[at+5], &content); err != nil {
		return err
	}
	parent := json.RawMessage(frames[at+2])
	publish := func(kind string, content object) error {
		return k.send(k.iopub, [][]byte{[]byte(kind)}, kind, parent, content)
	}
	if err := publish("status", object{"execution_state": "busy"}); err != nil {
		return err
	}
	reply := object{"status": "ok"}
	switch header.Kind {
	case "kernel_info_request":
		reply["protocol_version"], reply["implementation"], reply["implementation_version"] = "5.3", "echo", "1"
		reply["language_info"] = object{"name": "echo", "version": "1", "mimetype": "text/plain", "file_extension": ".txt"}
		reply["banner"], reply["help_links"] = "echo", []any{}
	case "execute_request":
		k.count++
		reply["execution_count"], reply["user_expressions"], reply["payload"] = k.count, object{}, []any{}
		if err := publish("stream", object{"name": "stdout", "text": answer(content.Code)}); err != nil {
			return err
		}
	case "shutdown_request":
		reply["restart"] = false
	}
	kind := strings.TrimSuffix(header.Kind, "request") + "reply"
	if err := k.send(socket, frames[:at], kind, parent, reply); err != nil {
		return err
	}
	if err := publish("status", object{"execution_state": "idle"}); err != nil {
		return err
	}
	if header.Kind == "shutdown_request" {
		os.Exit(0)
	}
	return nil
}

// answer is the code itself, or for "environment" that, as JSON.
func answer(code string) string {
	if code != "environment" {
		return code
	}
	found := map[string]string{}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		found[name] = value
	}
	text, _ := json.Marshal(found)
	return string(text)
}

func (k *kernel) send(socket zmq4.Socket, to [][]byte, kind string, parent json.RawMessage, content object) error {
	now := time.Now().UTC()
	header := object{
		"msg_id": fmt.Sprintf("%s-%d", k.session, now.UnixNano()), "session": k.session, "username": "echo",
		"date": now.Format(time.RFC3339Nano), "msg_type": kind, "version": "5.3",
	}
	parts := make([][]byte, 0, 4)
	for _, part := range []any{header, parent, object{}, content} {
		text, err := json.Marshal(part)
		if err != nil {
			return err
		}
		parts = append(parts, text)
	}
	frames := append(append([][]byte{}, to...), []byte(delimiter), []byte(k.sign(parts)))
	if err := socket.SendMulti(zmq4.NewMsgFrom(append(frames, parts...)...)); err != nil {
		fmt.Fprintln(os.Stderr, "echo: who asked has gone:", err) // as the gateway's first connections do, once answered
	}
	return nil
}

func (k *kernel) sign(parts [][]byte) string {
	code := hmac.New(sha256.New, []byte(k.Key))
	for _, part := range parts {
		code.Write(part)
	}
	return hex.EncodeToString(code.Sum(nil))
}
