// Kubernetes in one executable, named by the first argument: the control plane, the node's two programs and kubectl.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlerrors "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

var programs = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllers.NewControllerManagerCommand,
	"kube-proxy":              proxy.NewProxyCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kubelet":                 func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
}

func main() {
	if len(os.Args) < 2 {
		fail("it needs the name of a program")
	}
	name := os.Args[1]
	// Each program reads os.Args itself, as if it had been started by its own name.
	os.Args = slices.Delete(os.Args, 0, 1)
	if name == "kubectl" {
		if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
			kubectlerrors.CheckErr(err)
		}
		return
	}
	program, known := programs[name]
	if !known {
		fail(fmt.Sprintf("no program is named %q", name))
	}
	os.Exit(cli.Run(program()))
}

func fail(what string) {
	fmt.Fprintf(os.Stderr, "kubernetes: %s: kubectl or one of kube-apiserver, kube-controller-manager, kube-proxy, "+
		"kube-scheduler, kubelet\n", what)
	os.Exit(2)
}
