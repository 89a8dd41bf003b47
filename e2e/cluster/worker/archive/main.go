// Command archive writes an image archive, as `docker save` does, of one static binary and nothing else:
//
//	archive OUT.tar BINARY NAME:TAG...
//
// containerd (`ctr images import`), kind (`load image-archive`) and minikube (`image load`) read it. The same binary gives the
// same bytes.
package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
)

type entry struct {
	name string
	mode int64
	data []byte
}

func pack(entries ...entry) []byte {
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	for _, e := range entries {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: e.name, Mode: e.mode, Size: int64(len(e.data))}
		must(archive.WriteHeader(header))
		_, err := archive.Write(e.data)
		must(err)
	}
	must(archive.Close())
	return out.Bytes()
}

func digest(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

func asJSON(value any) []byte {
	text, err := json.Marshal(value)
	must(err)
	return text
}

func must(err error) {
	if err != nil {
		log.Fatal("archive: ", err)
	}
}

func main() {
	if len(os.Args) < 4 {
		log.Fatal("usage: archive OUT.tar BINARY NAME:TAG...")
	}
	out, path, tags := os.Args[1], os.Args[2], os.Args[3:]
	binary, err := os.ReadFile(path)
	must(err)
	name := filepath.Base(path)
	layer := pack(entry{name, 0o755, binary})
	config := asJSON(map[string]any{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"config": map[string]any{
			"Entrypoint": []string{"/" + name},
			"User":       "65532:65532",
			"WorkingDir": "/",
			"Env":        []string{"PATH=/"},
		},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + digest(layer)}},
		"history": []any{map[string]any{"created_by": "archive " + name}},
	})
	configName, layerName := digest(config)+".json", digest(layer)+"/layer.tar"
	manifest := asJSON([]any{map[string]any{"Config": configName, "RepoTags": tags, "Layers": []string{layerName}}})
	must(os.WriteFile(out, pack(
		entry{"manifest.json", 0o644, manifest}, entry{configName, 0o644, config}, entry{layerName, 0o644, layer},
	), 0o644))
}
