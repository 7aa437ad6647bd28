//! IO in: watches the cluster, reads Helm's storage and the components' metrics, and sends changes to the board.
