{{- /* SPDX-License-Identifier: BSL-1.0 */ -}}
{{- /*
Deployment, Service and PodDisruptionBudget of a service: (dict "root" $ "name" NAME "port" PORT "isPublic" BOOL "env" LIST).
The comments on the values are in deploy/kubernetes/base, which `./dev e2e helm` compares.
*/ -}}
{{- define "cohort.probe" -}}
httpGet:
  path: {{ .path }}
  port: http
  {{- if .root.Values.tls.enabled }}
  scheme: HTTPS
  {{- end }}
{{- end }}

{{- define "cohort.tlsEnv" -}}
- { name: TLS_CERT, value: /run/tls/tls.crt }
- { name: TLS_KEY, value: /run/tls/tls.key }
{{- if .isPublic }}
- { name: UPSTREAM_TLS_CA, value: /run/tls/ca.crt }
- { name: UPSTREAM_TLS_CERT, value: /run/tls/tls.crt }
- { name: UPSTREAM_TLS_KEY, value: /run/tls/tls.key }
{{- else }}
- { name: TLS_CLIENT_CA, value: /run/tls/ca.crt }
- { name: TLS_ALLOWED_CLIENT, value: "spiffe://cohort/dashboard-service,spiffe://cohort/loadgen" }
{{- end }}
{{- end }}

{{- define "cohort.container" -}}
{{- $root := .root -}}
name: {{ .name }}
image: {{ include "cohort.image" . }}
args: ["/bin/{{ .name }}", "--host", "0.0.0.0", "--threads", "2"]
ports:
  - name: http
    containerPort: {{ .port }}
envFrom:
  - configMapRef:
      name: {{ include "cohort.settingsName" $root }}
env:
  - name: API_KEY_FILE
    value: /etc/cohort/keys/api_key
  {{- with .env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- if $root.Values.tls.enabled }}
  {{- include "cohort.tlsEnv" . | nindent 2 }}
  {{- end }}
startupProbe:
  {{- include "cohort.probe" (dict "root" $root "path" "/readyz") | nindent 2 }}
  periodSeconds: 1
  failureThreshold: 60
readinessProbe:
  {{- include "cohort.probe" (dict "root" $root "path" "/readyz") | nindent 2 }}
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 2
livenessProbe:
  {{- include "cohort.probe" (dict "root" $root "path" "/livez") | nindent 2 }}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
resources:
  requests:
    cpu: 50m
    memory: 32Mi
  limits:
    memory: 256Mi
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
volumeMounts:
  - name: keys
    mountPath: /etc/cohort/keys
    readOnly: true
  {{- if $root.Values.tls.enabled }}
  - name: tls
    mountPath: /run/tls
    readOnly: true
  {{- end }}
{{- end }}

{{- define "cohort.pod" -}}
{{- $finds := and (eq .name "dashboard-service") .root.Values.discovery.enabled -}}
metadata:
  labels:
    app.kubernetes.io/name: {{ .name }}
    app.kubernetes.io/part-of: cohort
  annotations:
    prometheus.io/scrape: "true"
    prometheus.io/port: {{ .port | quote }}
spec:
  automountServiceAccountToken: {{ $finds }}
  {{- if $finds }}
  serviceAccountName: {{ .name }}
  {{- end }}
  enableServiceLinks: false
  {{- /* The drain delay, the drain (10 s), and a margin. */}}
  terminationGracePeriodSeconds: {{ add (.root.Values.settings.DRAIN_DELAY | default "0") 18 }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    seccompProfile:
      type: RuntimeDefault
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          app.kubernetes.io/name: {{ .name }}
  containers:
    - {{- include "cohort.container" . | nindent 6 }}
  volumes:
    - name: keys
      secret:
        secretName: cohort-keys
        defaultMode: 288  # 0440
    {{- if .root.Values.tls.enabled }}
    - name: tls
      secret:
        secretName: {{ .name }}-tls
        defaultMode: 288
    {{- end }}
{{- end }}

{{- define "cohort.service" -}}
{{- $metadata := dict "root" .root "name" .name "selects" true -}}
{{- if and .root.Values.dashboard.nodePort (eq .root.Values.dashboard.serviceType "ClusterIP") }}
{{- fail "dashboard.nodePort needs dashboard.serviceType NodePort or LoadBalancer" }}
{{- end -}}
{{- $isDashboard := eq .name "dashboard-service" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "cohort.metadata" $metadata | nindent 2 }}
spec:
  {{- if not .root.Values.autoscaling.enabled }}
  replicas: {{ .root.Values.replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  selector:
    matchLabels:
      app.kubernetes.io/name: {{ .name }}
  strategy:
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  template:
    {{- include "cohort.pod" . | nindent 4 }}
---
apiVersion: v1
kind: Service
metadata:
  {{- include "cohort.metadata" $metadata | nindent 2 }}
spec:
  {{- if not .isPublic }}
  clusterIP: None
  {{- else if and $isDashboard (ne .root.Values.dashboard.serviceType "ClusterIP") }}
  type: {{ .root.Values.dashboard.serviceType }}
  {{- end }}
  selector:
    app.kubernetes.io/name: {{ .name }}
  ports:
    - name: http
      port: {{ .port }}
      targetPort: http
      {{- if and $isDashboard .root.Values.dashboard.nodePort }}
      nodePort: {{ .root.Values.dashboard.nodePort }}
      {{- end }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "cohort.metadata" (dict "root" .root "name" .name) | nindent 2 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app.kubernetes.io/name: {{ .name }}
{{- if .root.Values.autoscaling.enabled }}
---
{{ include "cohort.autoscaler" . }}
{{- end }}
{{- end }}

{{- define "cohort.autoscaler" -}}
{{- $range := .root.Values.autoscaling -}}
{{- if gt (int $range.minReplicas) (int $range.maxReplicas) }}
{{- fail (printf "autoscaling.minReplicas is %d, but must be at most autoscaling.maxReplicas, %d" (int $range.minReplicas) (int $range.maxReplicas)) }}
{{- end -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "cohort.metadata" (dict "root" .root "name" .name) | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ .name }}
  {{- with .root.Values.autoscaling }}
  minReplicas: {{ .minReplicas }}
  maxReplicas: {{ .maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ .averageUtilization }}
    {{- if .requestsInFlight }}
    - type: Pods
      pods:
        metric:
          name: cohort_server_requests_in_flight
        target:
          type: AverageValue
          averageValue: {{ .requestsInFlight | quote }}
    {{- end }}
  {{- end }}
  behavior:
    scaleDown:
      stabilizationWindowSeconds: 300
{{- end }}
