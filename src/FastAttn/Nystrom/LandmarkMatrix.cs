using System.Numerics.Tensors;
using FastAttn.Features;
using FastAttn.Tensors;
using FastAttn.Threading;

namespace FastAttn.Nystrom;

/// <summary>The kernel matrix of landmarks, M_ab = exp(−‖l_a − l_b‖²/(2√d)), with γ added to its diagonal; all in float64.</summary>
internal static unsafe class LandmarkMatrix
{
    /// <summary>Fills <c>matrix [n, n]</c>; O(n²·d).</summary>
    /// <param name="landmarks">The n landmarks.</param>
    /// <param name="gamma">γ.</param>
    /// <param name="wide">Scratch, <c>[n, d]</c>.</param>
    /// <param name="matrix">Filled.</param>
    public static void Fill(FloatRows landmarks, double gamma, double* wide, double* matrix)
    {
        int count = landmarks.Count, columns = landmarks.Columns;
        for (int a = 0; a < count; a++)
            TensorPrimitives.ConvertTruncating<float, double>(new ReadOnlySpan<float>(landmarks.Row(a), columns), new Span<double>(wide + ((long)a * columns), columns));
        for (int a = 0; a < count; a++)
        {
            CallWatch.Look();
            var row = new Span<double>(matrix + ((long)a * count), count);
            for (int b = 0; b < a; b++)
            {
                double distance = TensorPrimitives.Distance(
                    new ReadOnlySpan<double>(wide + ((long)a * columns), columns), new ReadOnlySpan<double>(wide + ((long)b * columns), columns));
                row[b] = -distance * distance / (2 * Math.Sqrt(columns));
            }

            TensorPrimitives.Exp(row[..a], row[..a]);
            row[a] = 1 + gamma;
            for (int b = 0; b < a; b++) matrix[((long)b * count) + a] = row[b];
        }
    }
}
